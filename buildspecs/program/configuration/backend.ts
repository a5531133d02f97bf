import { basename } from 'node:path';
import type { BackendConfigFile } from '../backend/config-file.ts';
import type { DeclaredBackend } from '../backend/declared-backend.ts';
import { effectiveSettings } from '../backend/effective-settings.ts';
import { refuseSettings } from '../backend/refused-settings.ts';
import { PhaseError } from '../build/failure.ts';
import type { HclBlock } from './hcl.ts';
import type { Configuration } from './read-configuration.ts';

export const overrideFileName = 'stagegate_override.tf';

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
 * than `s3` and `local`, and arguments that builds cannot honour; the error names file and line.
 */
export function readBackend(configuration: Configuration, lockTable: string): DeclaredBackend | undefined {
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
        ...block.blocks.map(({ type, line }) => ({ name: type, line, literal: undefined, expression: '{}' })),
      ],
    }));
  for (const backend of backends) {
    if (backend.type !== 's3' && backend.type !== 'local') {
      throw new PhaseError(
        'backend',
        `${backend.file}:${backend.line}: backend "${backend.type}" is not supported; use backend "s3" or none`,
      );
    }
    refuseSettings(backend.file, backend.attributes, lockTable);
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
  /** `-backend-config` arguments: the file that the environment names, and what directory and file leave open. */
  readonly arguments: readonly string[];
}

/** Completes the declared backend by our convention. Of the directory's settings, only a fixed key is overridden. */
export function completeBackend(
  { declared, file }: { readonly declared: DeclaredBackend | undefined; readonly file: BackendConfigFile | undefined },
  ours: {
    readonly bucket: string;
    readonly key: string;
    /** Whether this key is used even if the directory sets another. */
    readonly isKeyFixed: boolean;
    readonly region: string;
    readonly usePathStyle: boolean;
  },
): BackendCompletion {
  const present = new Set(effectiveSettings(declared, file).keys());
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
    needsOverride: declared?.type !== 's3',
    arguments: [
      // The engine lets later arguments win, so the file comes first.
      ...(file ? [`-backend-config=${file.path}`] : []),
      ...Object.entries(values)
        .filter(([name]) => !present.has(name))
        .map(([name, value]) => `-backend-config=${name}=${value}`),
    ],
  };
}
