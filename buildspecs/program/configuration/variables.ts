import { join } from 'node:path';
import { listValuesFiles } from './files.ts';
import { type HclBlock, parseHcl } from './hcl.ts';
import type { Configuration } from './read-configuration.ts';
import { readText } from './read-text.ts';

/** An input variable as the directory declares it. */
export interface DeclaredVariable {
  readonly name: string;
  /**
   * Whether the variable is sensitive or ephemeral, or may be: the engine accepts expressions such as `!false`, so
   * everything that is not literally false counts.
   */
  readonly isSecret: boolean;
  /** Whether the variable is certainly ephemeral. */
  readonly isEphemeral: boolean;
  /** Every piece of text in the default value. */
  readonly defaultTexts: readonly string[];
}

const literalsOf = (block: HclBlock, ...names: readonly string[]) =>
  block.attributes.filter(({ name }) => names.includes(name)).map(({ literal }) => literal);

/** The engine accepts the text "true" for the boolean. */
const isTrue = (literal: unknown) => literal === true || literal === 'true';
const isFalse = (literal: unknown) => literal === false || literal === 'false';

/** Returns the variables that the directory's own configuration declares. With an override, a variable occurs twice. */
export const declaredVariables = ({ files }: Configuration): DeclaredVariable[] =>
  files
    .flatMap(({ blocks }) => blocks)
    .filter(({ type }) => type === 'variable')
    .map((block) => ({
      name: block.labels[0] ?? '',
      isSecret: literalsOf(block, 'sensitive', 'ephemeral').some((literal) => !isFalse(literal)),
      isEphemeral: literalsOf(block, 'ephemeral').some(isTrue),
      defaultTexts: block.attributes.filter(({ name }) => name === 'default').flatMap(({ texts }) => texts),
    }));

/** A value that one of the directory's files sets. */
export interface FileValue {
  readonly variable: string;
  readonly file: string;
  readonly line: number;
  /** Undefined if the value is known only by evaluating HCL: lists, maps, heredocs. */
  readonly value: unknown;
  /** Every piece of text in the value. */
  readonly texts: readonly string[];
}

/** A file of values with text that we cannot parse, so that not all of its values are known. */
export interface UnreadValues {
  readonly file: string;
  /** Line of the first such text. */
  readonly line: number;
  readonly text: string;
}

/** What a directory's own files set. */
export interface FileValues {
  readonly values: readonly FileValue[];
  readonly unread: readonly UnreadValues[];
}

/** Reads the values in `terraform.tfvars`, `*.auto.tfvars` and their JSON forms. */
export async function readFileValues(directory: string): Promise<FileValues> {
  const values: FileValue[] = [];
  const unread: UnreadValues[] = [];
  for (const file of listValuesFiles(directory)) {
    const text = readText(join(directory, file), file);
    if (file.endsWith('.json')) {
      // Loaded only here, because few directories have JSON files.
      const { readJsonValues } = await import('./json-values.ts');
      const found = readJsonValues(text, file);
      if (typeof found === 'number') unread.push({ file, line: found, text });
      else values.push(...found);
      continue;
    }
    const { attributes, errorLine } = parseHcl(text);
    values.push(
      ...attributes.map(({ name, literal, line, texts }) => ({ variable: name, file, line, texts, value: literal })),
    );
    if (errorLine !== undefined) unread.push({ file, line: errorLine, text });
  }
  return { values, unread };
}
