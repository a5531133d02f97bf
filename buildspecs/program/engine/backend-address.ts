import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { NEVER_HONOURED } from '../backend/refused-settings.ts';
import { PhaseError } from '../build/failure.ts';
import type { EnvironmentBuild } from '../build/run-build.ts';
import { BACKEND_RECORD, WORKSPACE_RECORD } from '../configuration/engine-files.ts';

const ResolvedBackendSchema = z.object({
  backend: z.object({
    type: z.string(),
    config: z.looseObject({
      bucket: z.string().nullish(),
      key: z.string().nullish(),
      region: z.string().nullish(),
    }),
  }),
});

export interface BackendAddress {
  readonly type: 's3';
  readonly bucket: string;
  readonly key: string;
  readonly region: string;
}

/**
 * Returns where the state is by the engine's own record, the only reliable source after `init`. Refuses any place
 * outside of S3, whatever the files said.
 */
export function readBackendAddress({ paths, variables }: EnvironmentBuild): BackendAddress {
  const file = join(paths.directory, BACKEND_RECORD);
  const found = existsSync(file) ? ResolvedBackendSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  if (!found?.success) return refuse('no backend is configured; the state would be lost with the build');
  const { type, config } = found.data.backend;
  if (type !== 's3') return refuse(`the backend is "${type}", not "s3"`);
  const { bucket, key, region } = config;
  if (!bucket || !key) return refuse('the s3 backend has no bucket or no key');
  // What the files said has been checked before. Only the engine knows what they mean.
  const refused = Object.entries(config).find(([name, value]) => isGiven(value) && NEVER_HONOURED.has(name));
  if (refused) return refuse(`the s3 backend has the argument "${refused[0]}", which builds cannot honour`);
  const { STAGEGATE_STATE_KEY: wanted, STAGEGATE_STATE_KEY_RULE: rule } = variables;
  if (rule === 'fixed' && key !== wanted) return refuse(`the state is at the key ${key}, not at ${wanted}`);
  const workspaceFile = join(paths.directory, WORKSPACE_RECORD);
  const workspace = existsSync(workspaceFile) ? readFileSync(workspaceFile, 'utf8').trim() : 'default';
  // In another workspace, the state is not at the key that is reported and claimed.
  if (workspace !== 'default') return refuse(`the workspace is "${workspace}", not "default"`);
  return { type, bucket, key, region: region || variables.STAGEGATE_REGION };
}

/** The record has every argument of the backend; those that nobody gave have no value. */
const isGiven = (value: unknown): boolean => value !== null && value !== undefined && value !== '';

function refuse(problem: string): never {
  throw new PhaseError('backend', `after init ${problem}`, { reason: 'backend' });
}
