import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listConfigurationFiles, listValuesFiles } from '../../buildspecs/program/configuration/files.ts';
import {
  type HclAttribute,
  type HclBlock,
  type HclFile,
  parseHcl,
} from '../../buildspecs/program/configuration/hcl.ts';
import { parseJsonFile } from '../../buildspecs/program/configuration/json-file.ts';
import { RegionSchema } from '../../lambdas/domain/names.ts';

/** What the files of an environment say about its account and region. */
export interface AccountHints {
  readonly accountId?: string;
  readonly region?: string;
}

const ACCOUNT = /^\d{12}$/;
const ROLE = /^arn:aws[a-z-]*:iam::(\d{12}):/;

/**
 * Reads account and region from the `provider "aws"` block without an alias: `allowed_account_ids`, the role of
 * `assume_role` and `region`, which may be a variable with a value in the directory's tfvars. What the files say in two
 * ways they do not say. A region that only the backend names counts if the provider names none.
 */
export function accountHintsIn(root: string, directory: string, engine: 'terraform' | 'tofu'): AccountHints {
  const place = join(root, directory);
  const files = listConfigurationFiles(place, engine).map((name) => read(join(place, name)));
  const values = new Map(
    listValuesFiles(place)
      .flatMap((name) => read(join(place, name)).attributes)
      .map((attribute) => [attribute.name, attribute]),
  );
  const blocks = files.flatMap((file) => file.blocks);
  const providers = blocks.filter(
    ({ type, labels, attributes }) =>
      type === 'provider' && labels[0] === 'aws' && !attributes.some(({ name }) => name === 'alias'),
  );
  const backends = blocks
    .filter(({ type }) => type === 'terraform')
    .flatMap((block) => block.blocks.filter(({ type, labels }) => type === 'backend' && labels[0] === 's3'));
  const accountId = only(providers.flatMap(accountsOf));
  const region = only(regionsOf(providers, values)) ?? only(regionsOf(backends, values));
  return { ...(accountId !== undefined && { accountId }), ...(region !== undefined && { region }) };
}

function read(file: string): HclFile {
  const text = readFileSync(file, 'utf8');
  return file.endsWith('.json') ? parseJsonFile(text) : parseHcl(text);
}

function accountsOf({ attributes, blocks }: HclBlock): string[] {
  const listed = named(attributes, 'allowed_account_ids').flatMap(({ elements }) => elements ?? []);
  const roles = blocks
    .filter(({ type }) => type === 'assume_role')
    .flatMap((block) => named(block.attributes, 'role_arn'))
    .flatMap(({ literal }) => (typeof literal === 'string' ? (ROLE.exec(literal)?.[1] ?? []) : []));
  return [...listed.map(String), ...roles].filter((text) => ACCOUNT.test(text));
}

const regionsOf = (blocks: readonly HclBlock[], values: ReadonlyMap<string, HclAttribute>): string[] =>
  blocks
    .flatMap(({ attributes }) => named(attributes, 'region'))
    .map(({ literal, expression }) => literal ?? values.get(/^var\.([\w-]+)$/.exec(expression)?.[1] ?? '')?.literal)
    .flatMap((value) => (RegionSchema.safeParse(value).success ? String(value) : []));

const named = (attributes: readonly HclAttribute[], name: string): HclAttribute[] =>
  attributes.filter((attribute) => attribute.name === name);

/** Returns the only text; undefined if there is none, or more than one. */
function only(texts: readonly string[]): string | undefined {
  const [first, ...others] = new Set(texts);
  return others.length === 0 ? first : undefined;
}
