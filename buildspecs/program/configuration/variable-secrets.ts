import type { HclAttribute } from './hcl.ts';
import type { Configuration } from './read-configuration.ts';
import { unreadTexts } from './unread-texts.ts';
import { type DeclaredVariable, declaredVariables, type FileValues } from './variables.ts';

/**
 * Returns the values of sensitive and ephemeral variables in a directory's files, and of those `named`. They are known
 * before there is a plan. In a file that was not wholly understood, every text counts as such a value.
 */
export function secretsAmong(
  declared: readonly DeclaredVariable[],
  { values, unread }: FileValues,
  named: ReadonlySet<string> = new Set(),
): string[] {
  const names = new Set([...named, ...declared.filter(({ isSecret }) => isSecret).map(({ name }) => name)]);
  return [
    // An override file may set the default of a variable that is sensitive elsewhere.
    ...declared.filter(({ name }) => names.has(name)).flatMap(({ defaultTexts }) => defaultTexts),
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

const REFERENCE = /\bvar\s*\.\s*([\p{L}\p{N}_-]+)/gu;

/** Returns the names of the variables that a call passes to sensitive and ephemeral variables of a module. */
export function passedAsSecrets(passed: readonly HclAttribute[], module: Configuration): string[] {
  const secret = new Set(
    declaredVariables(module)
      .filter(({ isSecret }) => isSecret)
      .map(({ name }) => name),
  );
  return passed
    .filter(({ name }) => secret.has(name))
    .flatMap(({ expression }) => [...expression.matchAll(REFERENCE)].map(([, name = '']) => name));
}

const VARIABLE_BLOCKS = /\bvariable\b[\s\S]*?(?:^\}|$(?![\s\S]))/gm;

/** Returns the texts in what seem to be the `variable` blocks of a configuration file that was not understood. */
export const secretsOfUnread = (text: string): string[] =>
  [...text.matchAll(VARIABLE_BLOCKS)].flatMap(([block]) =>
    /\b(?:sensitive|ephemeral)\b/.test(block) ? unreadTexts(block) : [],
  );
