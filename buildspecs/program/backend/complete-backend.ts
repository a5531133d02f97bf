import type { BackendConfigFile } from './config-file.ts';
import type { DeclaredBackend } from './declared-backend.ts';
import { effectiveSettings } from './effective-settings.ts';

/** The file that a build adds where the directory has no `s3` block of its own. */
export const overrideFileName = 'stagegate_override.tf';

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
