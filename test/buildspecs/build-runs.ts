import { randomBytes } from 'node:crypto';
import type { Build } from '@aws-sdk/client-codebuild';
import type * as z from 'zod';
import { PHASES } from '../../buildspecs/program/build/phases.ts';
import {
  InspectVariablesSchema,
  type PlanVariablesSchema,
} from '../../lambdas/domain/contract/build-environment-variables.ts';
import {
  type ApplyResult,
  ApplyResultSchema,
  type PlanResult,
  PlanResultSchema,
  type PlanSuccess,
  PlanSuccessSchema,
} from '../../lambdas/domain/contract/build-result.ts';
import { inspectProject } from '../../lambdas/domain/contract/build-source.ts';
import { runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import {
  artifactBucket,
  type BuildCloud,
  type Environment,
  region,
  roleArnOf,
  stateBucket,
  stateKeyOf,
} from '../local/codebuild/open-build-cloud.ts';

/** Failed results as the control plane reads them. */
type PlanFailure = Extract<PlanResult, { ok: false }>;
type ApplyFailure = Extract<ApplyResult, { ok: false }>;

const isPhaseOf = (build: keyof typeof PHASES, phase: string): boolean =>
  PHASES[build].some((known) => known === phase);

/** Returns the result of a plan that must have failed, in a documented phase and with a message of one line. */
export function planFailureOf(result: unknown): PlanFailure {
  const parsed = PlanResultSchema.parse(result);
  if (parsed.ok || !isPhaseOf('plan', parsed.phase) || !/^[^\n]+$/.test(parsed.message))
    throw new Error(`no failure of a plan: ${JSON.stringify(result)}`);
  return withoutSeconds(parsed);
}

/** Returns the result of an apply that must have failed, in a documented phase and with a message of one line. */
export function applyFailureOf(result: unknown): ApplyFailure {
  const parsed = ApplyResultSchema.parse(result);
  if (parsed.ok || !isPhaseOf('apply', parsed.phase) || !/^[^\n]+$/.test(parsed.message))
    throw new Error(`no failure of an apply: ${JSON.stringify(result)}`);
  return withoutSeconds(parsed);
}

/** Returns the result of an apply that must have succeeded, without the seconds it took. */
export function appliedOf(result: unknown): Extract<ApplyResult, { ok: true }> {
  const parsed = ApplyResultSchema.parse(result);
  if (!parsed.ok) throw new Error(`the apply did not succeed: ${JSON.stringify(result)}`);
  return withoutSeconds(parsed);
}

function withoutSeconds<Result extends { seconds?: unknown }>({
  seconds: _,
  ...result
}: Result): Omit<Result, 'seconds'> {
  return result;
}

/** Returns the result of a plan that must have succeeded. Throws a failure as it was reported. */
export function plannedOf({ result, log }: Pick<Run, 'result' | 'log'>): PlanSuccess {
  const parsed = PlanSuccessSchema.safeParse(result);
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

/** Issues a ticket for one build of a deployment in this environment. */
const ticketOf = ({ broker }: BuildCloud, environment: Environment, purpose: 'plan' | 'apply', deploymentId: string) =>
  broker.issue({
    deploymentId,
    purpose,
    roleArn: roleArnOf(environment, purpose),
    externalId: environment.externalId,
  });

function planVariables(cloud: BuildCloud, environment: Environment, commit: string) {
  const deployment = `${environment.application}-${environment.name}-1-${randomBytes(3).toString('hex')}`;
  return {
    STAGEGATE_DEPLOYMENT_ID: deployment,
    STAGEGATE_APPLICATION: environment.application,
    STAGEGATE_ENVIRONMENT: environment.name,
    STAGEGATE_OPERATION: 'deploy',
    STAGEGATE_DIRECTORY: `apps/${environment.application}/${environment.name}`,
    STAGEGATE_COMMIT: commit,
    STAGEGATE_REGION: region,
    STAGEGATE_TICKET: ticketOf(cloud, environment, 'plan', deployment),
    STAGEGATE_STATE_BUCKET: stateBucket,
    STAGEGATE_STATE_KEY: stateKeyOf(environment),
    STAGEGATE_ARTIFACT_BUCKET: artifactBucket,
    STAGEGATE_RUN_PREFIX: `runs/${deployment}/${randomBytes(16).toString('hex')}/`,
    STAGEGATE_ENGINE: 'terraform',
    STAGEGATE_ENGINE_VERSION: '',
  } satisfies z.input<typeof PlanVariablesSchema>;
}

/** Runs a plan build to its end. */
export async function plan(
  cloud: BuildCloud,
  environment: Environment,
  commit: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const variables = { ...planVariables(cloud, environment, commit), ...more };
  const build = await cloud.ended((await cloud.start('stagegate-plan', variables, commit)).id);
  const prefix = variables.STAGEGATE_RUN_PREFIX;
  const result = await cloud.readJson(artifactBucket, runObjectKey(prefix, 'planResult'));
  return { build, log: cloud.log(build.id), prefix, variables, result };
}

/** Inspects the plan of a plan build, and waits for the end. */
export async function inspect(
  cloud: BuildCloud,
  planned: Run,
  more: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const told = { ...planned.variables, ...more };
  const names = [...Object.keys(InspectVariablesSchema.shape), ...Object.keys(more)];
  const variables = Object.fromEntries(Object.entries(told).filter(([name]) => names.includes(name)));
  const build = await cloud.ended((await cloud.startWithoutSource(inspectProject('stagegate'), variables)).id);
  const result = await cloud.readJson(artifactBucket, runObjectKey(planned.prefix, 'inspectionResult'));
  return { build, log: cloud.log(build.id), prefix: planned.prefix, variables, result };
}

/** Starts the apply of a plan build's plan. */
export function startApply(
  cloud: BuildCloud,
  environment: Environment,
  planned: Run,
  more: Readonly<Record<string, string>> = {},
) {
  const { bundle, digest } = plannedOf(planned);
  const variables: Readonly<Record<string, string>> = {
    ...planned.variables,
    STAGEGATE_TICKET: ticketOf(cloud, environment, 'apply', planned.variables.STAGEGATE_DEPLOYMENT_ID ?? ''),
    STAGEGATE_BUNDLE_KEY: bundle.key,
    STAGEGATE_BUNDLE_VERSION_ID: bundle.versionId,
    STAGEGATE_PLAN_DIGEST: digest,
    ...more,
  };
  return cloud.start('stagegate-apply', variables, planned.variables.STAGEGATE_COMMIT);
}

/** Applies the plan of a plan build, and waits for the end. */
export async function apply(
  cloud: BuildCloud,
  environment: Environment,
  planned: Run,
  more: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const build = await cloud.ended((await startApply(cloud, environment, planned, more)).id);
  const result = await cloud.readJson(artifactBucket, runObjectKey(planned.prefix, 'applyResult'));
  return { build, log: cloud.log(build.id), prefix: planned.prefix, variables: planned.variables, result };
}
