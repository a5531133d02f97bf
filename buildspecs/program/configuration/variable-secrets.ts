import type { HclAttribute } from './hcl.ts';
import { type Configuration, readConfiguration } from './read-configuration.ts';
import { unreadTexts } from './unread-texts.ts';
import { type DeclaredVariable, declaredVariables, type FileValues, readFileValues } from './variables.ts';

/**
 * Returns the values of sensitive and ephemeral variables in a directory's files. They are known before there is a plan.
 * In a file that was not wholly understood, every text counts as such a value.
 */
export function secretsAmong(declared: readonly DeclaredVariable[], { values, unread }: FileValues): string[] {
  const secret = declared.filter(({ isSecret }) => isSecret);
  const names = new Set(secret.map(({ name }) => name));
  return [
    ...secret.flatMap(({ defaultTexts }) => defaultTexts),
    ...values.filter(({ variable }) => names.has(variable)).flatMap(({ texts }) => texts),
    ...(names.size === 0 ? [] : unread.flatMap(({ text }) => unreadTexts(text))),
  ];
}

/** Returns the values that a call passes to sensitive and ephemeral variables of a module, and their defaults. */
export function secretsOfCall(passed: readonly HclAttribute[], module: Configuration): string[] {
  const values = passed.map(({ name, literal, line, texts }) => ({
    variable: name,
    file: '',
    line,
    value: literal,
    texts,
  }));
  return secretsAmong(declaredVariables(module), { values, unread: [] });
}

/** Returns the secrets in the files of a directory, for builds that get it from a plan build. */
export async function secretsOfFiles(directory: string, engine: 'terraform' | 'tofu'): Promise<string[]> {
  const configuration = await readConfiguration(directory, engine, '');
  return secretsAmong(declaredVariables(configuration), await readFileValues(directory));
}

const VARIABLE_BLOCKS = /\bvariable\b[\s\S]*?(?:^\}|$(?![\s\S]))/gm;

/** Returns the texts in what seem to be the `variable` blocks of a configuration file that was not understood. */
export const secretsOfUnread = (text: string): string[] =>
  [...text.matchAll(VARIABLE_BLOCKS)].flatMap(([block]) =>
    /\b(?:sensitive|ephemeral)\b/.test(block) ? unreadTexts(block) : [],
  );
