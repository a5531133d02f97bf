import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textsOf } from '../engine/redact.ts';
import { listConfigurationFiles, listValuesFiles } from './files.ts';
import { type HclBlock, parseHcl } from './hcl.ts';
import { blocksOf, lineOfKey, readJsonFile } from './json-blocks.ts';

/** An input variable as the directory declares it. */
export interface DeclaredVariable {
  readonly name: string;
  readonly isSensitive: boolean;
  readonly isEphemeral: boolean;
  /** Every piece of text in its default. */
  readonly defaultTexts: readonly string[];
}

const isSet = (block: HclBlock, name: string) =>
  block.attributes.some((attribute) => attribute.name === name && attribute.literal === true);

async function declarationsIn(text: string): Promise<DeclaredVariable[]> {
  const { blocks } = await parseHcl(text);
  return blocks
    .filter(({ type }) => type === 'variable')
    .map((block) => ({
      name: block.labels[0] ?? '',
      isSensitive: isSet(block, 'sensitive'),
      isEphemeral: isSet(block, 'ephemeral'),
      defaultTexts: block.attributes.filter(({ name }) => name === 'default').flatMap(({ texts }) => texts),
    }));
}

const declarationsInJson = (text: string, file: string): DeclaredVariable[] =>
  readJsonFile(text, file, 'variables')
    .flatMap((root) => blocksOf(root.variable))
    .flatMap((variables) => Object.entries(variables))
    .flatMap(([name, bodies]) =>
      blocksOf(bodies).map((body) => ({
        name,
        isSensitive: body.sensitive === true,
        isEphemeral: body.ephemeral === true,
        defaultTexts: textsOf(body.default),
      })),
    );

/** The variables that the directory's own configuration declares; one that an override file touches comes twice. */
export async function readDeclaredVariables(
  directory: string,
  engine: 'terraform' | 'tofu',
): Promise<DeclaredVariable[]> {
  const found: DeclaredVariable[] = [];
  for (const name of listConfigurationFiles(directory, engine)) {
    const text = readFileSync(join(directory, name), 'utf8');
    found.push(...(name.endsWith('.json') ? declarationsInJson(text, name) : await declarationsIn(text)));
  }
  return found;
}

/** A value that one of the directory's files sets. */
export interface FileValue {
  readonly variable: string;
  readonly file: string;
  readonly line: number;
  /** Undefined where it cannot be told without evaluating HCL: lists, maps, heredocs. */
  readonly value: unknown;
  /** Every piece of text in it. */
  readonly texts: readonly string[];
}

/** The values in `terraform.tfvars`, `*.auto.tfvars` and their JSON forms. */
export async function readFileValues(directory: string): Promise<FileValue[]> {
  const found: FileValue[] = [];
  for (const file of listValuesFiles(directory)) {
    const text = readFileSync(join(directory, file), 'utf8');
    if (file.endsWith('.json')) {
      const values = readJsonFile(text, file, 'variables').flatMap((body) => Object.entries(body));
      found.push(
        ...values.map(([variable, value]) => ({
          ...{ variable, file, value },
          line: lineOfKey(text, variable),
          texts: textsOf(value),
        })),
      );
      continue;
    }
    const { attributes } = await parseHcl(text);
    found.push(
      ...attributes.map(({ name, literal, line, texts }) => ({ variable: name, file, line, texts, value: literal })),
    );
  }
  return found;
}
