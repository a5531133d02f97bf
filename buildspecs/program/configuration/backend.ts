import { basename } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import type { HclAttribute, HclBlock } from './hcl.ts';
import type { Configuration } from './read-configuration.ts';

/** The backend that a directory's configuration declares. */
export interface DeclaredBackend {
  readonly type: string;
  readonly file: string;
  readonly line: number;
  readonly attributes: readonly Pick<HclAttribute, 'name' | 'line' | 'literal'>[];
}

export const overrideFileName = 'stagegate_override.tf';

/** Arguments that bring credentials. Only the environment's own role may be used; other credentials would bypass it. */
export const ownCredentials = new Set([
  ...['profile', 'shared_credentials_file', 'shared_credentials_files', 'shared_config_files'],
  ...['access_key', 'secret_key', 'token', 'assume_role_with_web_identity'],
]);

/** Returns the blocks within the directory's `terraform` blocks. */
function blocksInTerraform({ name, files }: Configuration): { file: string; block: HclBlock }[] {
  if (files.length === 0)
    throw new PhaseError('backend', `the directory "${name}" has no Terraform configuration (*.tf)`);
  return files.flatMap(({ file, blocks, errorLine }) => {
    if (basename(file) === overrideFileName)
      throw new PhaseError('backend', `${file}: this name is taken by the file that Stagegate adds`);
    if (errorLine !== undefined)
      throw new PhaseError('backend', `${file}:${errorLine}: not valid Terraform configuration`, {
        reason: 'unparsable',
      });
    return blocks
      .filter(({ type }) => type === 'terraform')
      .flatMap((terraform) => terraform.blocks.map((block) => ({ file, block })));
  });
}

/**
 * Returns the backend that the directory's own configuration declares. Refuses `cloud` blocks, backends of other types
 * than `s3` and `local`, and arguments that bring other credentials; the error names file and line.
 */
export function readBackend(configuration: Configuration): DeclaredBackend | undefined {
  const nested = blocksInTerraform(configuration);
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
        ...block.blocks.map(({ type, line }) => ({ name: type, line, literal: undefined })),
      ],
    }));
  for (const backend of backends) {
    if (backend.type !== 's3' && backend.type !== 'local') {
      throw new PhaseError(
        'backend',
        `${backend.file}:${backend.line}: backend "${backend.type}" is not supported; use backend "s3" or none`,
      );
    }
    const refused = backend.attributes.find(({ name }) => ownCredentials.has(name));
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
 * Settings that keep the engine from asking STS who it is. Every run would ask twice: once to check the credentials,
 * which the first request to S3 checks as well, and once for the account, which matters only to a directory that names
 * accounts.
 */
const WITHOUT_IDENTITY = { skip_credentials_validation: 'true', skip_requesting_account_id: 'true' };

/** What `init` needs beside the directory's configuration so that the s3 backend is complete. */
export interface BackendCompletion {
  /** Whether the override file with an empty `backend "s3"` block is needed. */
  readonly needsOverride: boolean;
  /** `-backend-config` arguments for the settings that the directory leaves open. */
  readonly arguments: readonly string[];
}

/** Completes the declared backend by our convention. Of the directory's settings, only a fixed key is overridden. */
export function completeBackend(
  declared: DeclaredBackend | undefined,
  ours: {
    readonly bucket: string;
    readonly key: string;
    /** Whether this key is used even if the directory sets another. */
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
