import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import { listConfigurationFiles } from './files.ts';
import { type HclAttribute, type HclBlock, parseHcl } from './hcl.ts';
import { blocksOf, lineOfKey, readJsonFile } from './json-blocks.ts';

/** The backend that a directory's configuration declares. */
export interface DeclaredBackend {
  readonly type: string;
  readonly file: string;
  readonly line: number;
  readonly attributes: readonly HclAttribute[];
}

export const overrideFileName = 'stagegate_override.tf';

/** Credentials come from the environment's own role; a configuration that brings others would escape it. */
const refusedArguments = new Set([
  ...['profile', 'shared_credentials_file', 'shared_credentials_files', 'shared_config_files'],
  ...['access_key', 'secret_key', 'token', 'assume_role_with_web_identity'],
]);

interface TerraformBlock {
  readonly file: string;
  readonly block: HclBlock;
}

function readJsonBlocks(text: string, file: string): HclBlock[] {
  const toAttribute = ([name, value]: [string, unknown]): HclAttribute => ({
    name,
    line: lineOfKey(text, name),
    literal: typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined,
    texts: [],
  });
  return readJsonFile(text, file, 'backend')
    .flatMap((root) => blocksOf(root.terraform))
    .map((terraform) => ({
      type: 'terraform',
      labels: [],
      line: lineOfKey(text, 'terraform'),
      attributes: [],
      blocks: [
        ...blocksOf(terraform.cloud).map((cloud) => ({
          type: 'cloud',
          labels: [],
          line: lineOfKey(text, 'cloud'),
          attributes: Object.entries(cloud).map(toAttribute),
          blocks: [],
        })),
        ...blocksOf(terraform.backend).flatMap((backends) =>
          Object.entries(backends).flatMap(([type, bodies]) =>
            blocksOf(bodies).map((body) => ({
              type: 'backend',
              labels: [type],
              line: lineOfKey(text, type),
              attributes: Object.entries(body).map(toAttribute),
              blocks: [],
            })),
          ),
        ),
      ],
    }));
}

async function readTerraformBlocks(
  directory: string,
  engine: 'terraform' | 'tofu',
  displayDirectory: string,
): Promise<TerraformBlock[]> {
  const files = listConfigurationFiles(directory, engine);
  if (files.length === 0) {
    throw new PhaseError('backend', `the directory "${displayDirectory}" has no Terraform configuration (*.tf)`);
  }
  const found: TerraformBlock[] = [];
  for (const name of files) {
    const file = join(displayDirectory, name);
    if (basename(name) === overrideFileName) {
      throw new PhaseError('backend', `${file}: this name is taken by the file that Stagegate adds`);
    }
    const text = readFileSync(join(directory, name), 'utf8');
    if (name.endsWith('.json')) {
      found.push(...readJsonBlocks(text, file).map((block) => ({ file, block })));
      continue;
    }
    const { blocks, errorLine } = await parseHcl(text);
    if (errorLine !== undefined) {
      throw new PhaseError('backend', `${file}:${errorLine}: not valid Terraform configuration`, {
        reason: 'unparsable',
      });
    }
    found.push(...blocks.filter(({ type }) => type === 'terraform').map((block) => ({ file, block })));
  }
  return found;
}

/**
 * Finds the backend that the directory's own configuration declares. `cloud` blocks, other types than `s3` and `local`,
 * and arguments that bring other credentials are refused, naming file and line.
 */
export async function readBackend(
  directory: string,
  engine: 'terraform' | 'tofu',
  displayDirectory: string,
): Promise<DeclaredBackend | undefined> {
  const inTerraform = await readTerraformBlocks(directory, engine, displayDirectory);
  const nested = inTerraform.flatMap(({ file, block }) => block.blocks.map((inner) => ({ file, block: inner })));
  const cloud = nested.find(({ block }) => block.type === 'cloud');
  if (cloud) {
    throw new PhaseError(
      'backend',
      `${cloud.file}:${cloud.block.line}: a "cloud" block keeps the state outside of this account; use backend "s3" or none`,
    );
  }
  const backends = nested
    .filter(({ block }) => block.type === 'backend')
    .map(({ file, block }) => ({
      type: block.labels[0] ?? '',
      file,
      line: block.line,
      attributes: [
        ...block.attributes,
        ...block.blocks.map(({ type, line }) => ({ name: type, line, literal: undefined, texts: [] })),
      ],
    }));
  for (const backend of backends) {
    if (backend.type !== 's3' && backend.type !== 'local') {
      throw new PhaseError(
        'backend',
        `${backend.file}:${backend.line}: backend "${backend.type}" is not supported; use backend "s3" or none`,
      );
    }
    const refused = backend.attributes.find(({ name }) => refusedArguments.has(name));
    if (refused) {
      throw new PhaseError(
        'backend',
        `${backend.file}:${refused.line}: the backend argument "${refused.name}" brings credentials of its own; builds use the environment's role`,
      );
    }
  }
  // A backend block in an override file replaces the one before it.
  return backends.at(-1);
}

/**
 * Every run of the engine would ask STS twice who it is: once to see that the credentials are good, which its first request
 * to S3 tells as well, and once for the account, which matters only to a directory that names accounts.
 */
const WITHOUT_IDENTITY = { skip_credentials_validation: 'true', skip_requesting_account_id: 'true' };

/** What `init` must be given so that every directory ends with a complete s3 backend. */
export interface BackendCompletion {
  /** Whether the override file with an empty `backend "s3"` block is needed. */
  readonly needsOverride: boolean;
  /** `-backend-config` arguments for what the directory leaves open. */
  readonly arguments: readonly string[];
}

/** Completes the declared backend by our convention; of what the directory sets, only a fixed key is overridden. */
export function completeBackend(
  declared: DeclaredBackend | undefined,
  ours: {
    readonly bucket: string;
    readonly key: string;
    /** The key counts even where the directory sets another. */
    readonly isKeyFixed: boolean;
    readonly region: string;
    readonly usePathStyle: boolean;
  },
): BackendCompletion {
  const isOwn = declared?.type === 's3';
  const present = new Set(isOwn ? declared.attributes.map(({ name }) => name) : []);
  if (ours.isKeyFixed) present.delete('key');
  const values = {
    bucket: ours.bucket,
    key: ours.key,
    region: ours.region,
    use_lockfile: 'true',
    ...(ours.usePathStyle ? { use_path_style: 'true' } : {}),
    ...(present.has('allowed_account_ids') || present.has('forbidden_account_ids') ? {} : WITHOUT_IDENTITY),
  };
  return {
    needsOverride: !isOwn,
    arguments: Object.entries(values)
      .filter(([name]) => !present.has(name))
      .map(([name, value]) => `-backend-config=${name}=${value}`),
  };
}
