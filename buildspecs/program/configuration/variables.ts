import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textsOf } from '../engine/redact.ts';
import { listValuesFiles } from './files.ts';
import { type HclBlock, parseHcl } from './hcl.ts';
import { readJsonValues } from './json-values.ts';
import type { Configuration } from './read-configuration.ts';

/** An input variable as the directory declares it. */
export interface DeclaredVariable {
  readonly name: string;
  readonly isSensitive: boolean;
  readonly isEphemeral: boolean;
  /** Every piece of text in the default value. */
  readonly defaultTexts: readonly string[];
}

/** Returns whether a block sets a flag. The engine accepts the text "true" for the boolean. */
const isSet = (block: HclBlock, name: string) =>
  block.attributes.some(
    (attribute) => attribute.name === name && (attribute.literal === true || attribute.literal === 'true'),
  );

/** Returns the variables that the directory's own configuration declares. With an override, a variable occurs twice. */
export const declaredVariables = ({ files }: Configuration): DeclaredVariable[] =>
  files
    .flatMap(({ blocks }) => blocks)
    .filter(({ type }) => type === 'variable')
    .map((block) => ({
      name: block.labels[0] ?? '',
      isSensitive: isSet(block, 'sensitive'),
      isEphemeral: isSet(block, 'ephemeral'),
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

/** Reads the values in `terraform.tfvars`, `*.auto.tfvars` and their JSON forms. */
export async function readFileValues(directory: string): Promise<FileValue[]> {
  const found: FileValue[] = [];
  for (const file of listValuesFiles(directory)) {
    const text = readFileSync(join(directory, file), 'utf8');
    if (file.endsWith('.json')) {
      const values = readJsonValues(text, file);
      found.push(
        ...values.map(({ name, value, line }) => ({ variable: name, file, line, value, texts: textsOf(value) })),
      );
      continue;
    }
    const { attributes } = parseHcl(text);
    found.push(
      ...attributes.map(({ name, literal, line, texts }) => ({ variable: name, file, line, texts, value: literal })),
    );
  }
  return found;
}
