import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { textsOf } from '../engine/redact.ts';
import { parseHcl } from './hcl.ts';

const VariablesSchema = z.record(z.string(), z.unknown());

const isValuesFile = (name: string) => /^terraform\.tfvars(?:\.json)?$|\.auto\.tfvars(?:\.json)?$/.test(name);

/** The values of sensitive variables as they stand in a directory's files: known before there is a plan. */
export async function secretsOfDirectory(directory: string): Promise<string[]> {
  const names = readdirSync(directory);
  const sensitive = new Set<string>();
  const secrets: string[] = [];
  for (const name of names.filter((file) => file.endsWith('.tf'))) {
    const { blocks } = await parseHcl(readFileSync(join(directory, name), 'utf8'));
    for (const variable of blocks.filter(({ type }) => type === 'variable')) {
      if (!variable.attributes.some((attribute) => attribute.name === 'sensitive' && attribute.literal === true))
        continue;
      sensitive.add(variable.labels[0] ?? '');
      secrets.push(
        ...variable.attributes.filter((attribute) => attribute.name === 'default').flatMap(({ texts }) => texts),
      );
    }
  }
  for (const name of names.filter(isValuesFile)) {
    const text = readFileSync(join(directory, name), 'utf8');
    if (name.endsWith('.json')) {
      const values = Object.entries(VariablesSchema.parse(JSON.parse(text)));
      secrets.push(...values.flatMap(([variable, value]) => (sensitive.has(variable) ? textsOf(value) : [])));
      continue;
    }
    const { attributes } = await parseHcl(text);
    secrets.push(...attributes.filter((attribute) => sensitive.has(attribute.name)).flatMap(({ texts }) => texts));
  }
  return secrets;
}
