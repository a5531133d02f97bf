import { randomBytes } from 'node:crypto';
import type { Build } from '@aws-sdk/client-codebuild';
import * as z from 'zod';
import {
  artifactBucket,
  type BuildCloud,
  type Environment,
  region,
  roleArnOf,
  stateBucket,
  stateKeyOf,
  targetAccountId,
} from '../local/codebuild/open-build-cloud.ts';

const AddressSchema = z.object({ key: z.string(), versionId: z.string() });

/** What the control plane reads of a successful plan. */
export const PlannedSchema = z.strictObject({
  ok: z.literal(true),
  operation: z.enum(['deploy', 'rollback', 'destroy']),
  engine: z.strictObject({ name: z.string(), version: z.string() }),
  exitCode: z.union([z.literal(0), z.literal(2)]),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  bundle: AddressSchema,
  planJson: AddressSchema,
  modules: AddressSchema,
  backend: z.strictObject({ type: z.literal('s3'), bucket: z.string(), key: z.string(), region: z.string() }),
  state: z.strictObject({ serial: z.number(), lineage: z.string() }).nullable(),
  createdAt: z.iso.datetime(),
  providers: z.strictObject({ hits: z.number(), misses: z.number(), mismatches: z.number() }).optional(),
  seconds: z.strictObject({ total: z.number(), engine: z.record(z.string(), z.number()) }),
});
export type Planned = z.infer<typeof PlannedSchema>;

const DiagnosticSchema = z.strictObject({
  severity: z.enum(['error', 'warning']),
  summary: z.string(),
  detail: z.string().optional(),
  address: z.string().optional(),
  file: z.string().optional(),
  line: z.number().optional(),
});
export const PlanFailureSchema = z.strictObject({
  ok: z.literal(false),
  phase: z.enum(['checkout', 'backend', 'variables', 'init', 'validate', 'plan', 'show', 'bundle', 'upload']),
  message: z.string().regex(/^[^\n]+$/),
  reason: z.string().optional(),
  diagnostics: z.array(DiagnosticSchema),
});
export const AppliedSchema = z.strictObject({
  ok: z.literal(true),
  applied: z.literal('yes'),
  resources: z.number(),
  resourcesLeft: z.number(),
});
export const ApplyFailureSchema = z.strictObject({
  ok: z.literal(false),
  phase: z.enum(['started', 'download', 'digest', 'init', 'apply', 'outputs', 'upload']),
  reason: z.string(),
  applied: z.enum(['yes', 'partly', 'no', 'unknown']),
  message: z.string().regex(/^[^\n]+$/),
  diagnostics: z.array(DiagnosticSchema),
});

/** The result of a plan that must have succeeded; a failure is shown as it was reported. */
export function plannedOf({ result, log }: Pick<Run, 'result' | 'log'>): Planned {
  const parsed = PlannedSchema.safeParse(result);
  if (parsed.success) return parsed.data;
  throw new Error(`the plan did not succeed: ${JSON.stringify(result)}\n${log}`);
}

export interface Run {
  readonly build: Build;
  readonly log: string;
  readonly prefix: string;
  readonly variables: Readonly<Record<string, string>>;
  /** The contents of result.json, or undefined. */
  readonly result: unknown;
}

export const environmentOf = (name: string, more: Partial<Environment> = {}): Environment => ({
  application: 'shop',
  name,
  externalId: randomBytes(16).toString('hex'),
  ...more,
});

function runVariables(environment: Environment, commit: string, purpose: 'plan' | 'apply') {
  const deployment = `${environment.application}-${environment.name}-1-${randomBytes(3).toString('hex')}`;
  return {
    STAGEGATE_DEPLOYMENT_ID: deployment,
    STAGEGATE_APPLICATION: environment.application,
    STAGEGATE_ENVIRONMENT: environment.name,
    STAGEGATE_OPERATION: 'deploy',
    STAGEGATE_DIRECTORY: `apps/${environment.application}/${environment.name}`,
    STAGEGATE_COMMIT: commit,
    STAGEGATE_ACCOUNT_ID: targetAccountId,
    STAGEGATE_REGION: region,
    STAGEGATE_ROLE_ARN: roleArnOf(environment, purpose),
    STAGEGATE_EXTERNAL_ID: environment.externalId,
    STAGEGATE_STATE_BUCKET: stateBucket,
    STAGEGATE_STATE_KEY: stateKeyOf(environment),
    STAGEGATE_ARTIFACT_BUCKET: artifactBucket,
    STAGEGATE_RUN_PREFIX: `runs/${deployment}/${randomBytes(16).toString('hex')}/`,
    STAGEGATE_ENGINE: 'terraform',
    STAGEGATE_ENGINE_VERSION: '',
  };
}

/** Runs a plan build to its end. */
export async function plan(
  cloud: BuildCloud,
  environment: Environment,
  commit: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const variables = { ...runVariables(environment, commit, 'plan'), ...more };
  const build = await cloud.ended((await cloud.start('stagegate-plan', variables, commit)).id);
  const prefix = variables.STAGEGATE_RUN_PREFIX;
  const result = await cloud.readJson(artifactBucket, `${prefix}plan/result.json`);
  return { build, log: cloud.log(build.id), prefix, variables, result };
}

/** Starts the apply of what a plan build made. */
export function startApply(
  cloud: BuildCloud,
  environment: Environment,
  planned: Run,
  more: Readonly<Record<string, string>> = {},
) {
  const { bundle, digest } = plannedOf(planned);
  const variables = {
    ...planned.variables,
    STAGEGATE_ROLE_ARN: roleArnOf(environment, 'apply'),
    STAGEGATE_BUNDLE_KEY: bundle.key,
    STAGEGATE_BUNDLE_VERSION_ID: bundle.versionId,
    STAGEGATE_PLAN_DIGEST: digest,
    ...more,
  };
  return cloud.start('stagegate-apply', variables, planned.variables.STAGEGATE_COMMIT);
}

/** Runs the apply of what a plan build made to its end. */
export async function apply(
  cloud: BuildCloud,
  environment: Environment,
  planned: Run,
  more: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const build = await cloud.ended((await startApply(cloud, environment, planned, more)).id);
  const result = await cloud.readJson(artifactBucket, `${planned.prefix}apply/result.json`);
  return { build, log: cloud.log(build.id), prefix: planned.prefix, variables: planned.variables, result };
}
