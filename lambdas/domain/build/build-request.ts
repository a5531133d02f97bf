import * as z from 'zod';
import { TICKET_VARIABLE } from '../contract/build-credentials.ts';
import {
  ApplyVariablesSchema,
  InspectVariablesSchema,
  PlanVariablesSchema,
} from '../contract/build-environment-variables.ts';
import { inspectProject, KEPT_SOURCE, PROVIDERS, type Purpose, projectName } from '../contract/build-source.ts';
import { type BuildVariables, requireFittingVariables } from '../contract/build-variables.ts';
import type { Application } from '../model/application.ts';
import type { Deployment, Planned } from '../model/deployment.ts';
import {
  configurationDirectoryOf,
  type Environment,
  engineVersionOf,
  stateBucketOf,
  stateKeyOf,
} from '../model/environment.ts';
import { ephemeralVariables } from '../model/ephemeral-environment.ts';
import type { KeptTree } from '../model/kept/kept-trees.ts';
import { repositoryOf } from './config-source.ts';
import { applyPrefix, runPrefix } from './run-prefix.ts';

/** Input of CodeBuild's StartBuild, in the spelling that Step Functions expects. */
export const BuildRequestSchema = z.object({
  /** The project that fetches this source, with its own credentials and role. */
  ProjectName: z.string(),
  /** Present only for public sources, because every other project has one source type. */
  SourceTypeOverride: z.string().optional(),
  /** Present only when the source is a config repository. */
  SourceLocationOverride: z.string().optional(),
  /** The release's commit. A branch would be resolved when the build starts, and may then be another commit. */
  SourceVersion: z.string().optional(),
  EnvironmentVariablesOverride: z.array(
    z.object({ Name: z.string(), Value: z.string(), Type: z.literal('PLAINTEXT') }),
  ),
  /** For five minutes, a second start with the same token returns the first build. */
  IdempotencyToken: z.string().max(128),
});
export type BuildRequest = z.infer<typeof BuildRequestSchema>;

interface BuildSubject {
  readonly installation: string;
  readonly application: Application;
  readonly environment: Environment;
  readonly deployment: Deployment;
  readonly artifactBucket: string;
}

/**
 * Returns the request for a plan build, with variables. The apply needs no variables, because their values are part of
 * the plan.
 */
export function planBuild(
  subject: BuildSubject,
  ticket: string,
  {
    mayBeginEmpty = false,
    variables: more = {},
    tree,
  }: {
    readonly mayBeginEmpty?: boolean;
    readonly variables?: BuildVariables;
    readonly tree?: KeptTree | undefined;
  } = {},
): BuildRequest {
  const variables = { ...variablesOf(subject.environment), ...more };
  requireFittingVariables(variables);
  const { ignoredSubmodules } = subject.application;
  return build(
    subject,
    'plan',
    z.encode(PlanVariablesSchema, {
      ...variablesOfBuild(subject, 'plan', ticket),
      STAGEGATE_VARIABLES: variables,
      STAGEGATE_BACKEND_CONFIG_FILE: subject.environment.backendConfigFile ?? '',
      STAGEGATE_LOCK_TABLE: subject.environment.lockTable ?? '',
      STAGEGATE_STATE_ELSEWHERE: mayBeginEmpty ? 'ignored' : 'refused',
      ...(ignoredSubmodules && { STAGEGATE_IGNORED_SUBMODULES: ignoredSubmodules }),
      ...(tree && { STAGEGATE_KEPT_TREE: { key: tree.key, versionId: tree.versionId, sha256: tree.sha256 } }),
    }),
  );
}

/** Returns the variables that Stagegate knows for an environment and its directory cannot know. */
const variablesOf = (environment: Environment): BuildVariables =>
  environment.type === 'ephemeral' ? ephemeralVariables(environment.name, environment.variables) : {};

export const applyBuild = (subject: BuildSubject, ticket: string, planned: Planned): BuildRequest =>
  build(
    subject,
    'apply',
    z.encode(ApplyVariablesSchema, {
      ...variablesOfBuild(subject, 'apply', ticket),
      STAGEGATE_BUNDLE_KEY: planned.bundle.key,
      STAGEGATE_BUNDLE_VERSION_ID: planned.bundle.versionId,
      STAGEGATE_PLAN_DIGEST: planned.digest,
    }),
  );

/**
 * Returns the request for a build that reads a plan for people. It fetches nothing and knows no secret of the
 * environment.
 */
export const inspectBuild = (subject: BuildSubject): BuildRequest => ({
  ProjectName: inspectProject(subject.installation),
  ...started(subject, 'inspect', z.encode(InspectVariablesSchema, variablesOfEveryBuild(subject, 'inspect'))),
});

const variablesOfEveryBuild = (
  { environment, deployment, artifactBucket }: BuildSubject,
  purpose: Purpose | 'inspect',
) => ({
  STAGEGATE_DEPLOYMENT_ID: deployment.id,
  STAGEGATE_APPLICATION: deployment.application,
  STAGEGATE_ENVIRONMENT: environment.name,
  STAGEGATE_OPERATION: deployment.operation,
  STAGEGATE_DIRECTORY: configurationDirectoryOf(environment),
  STAGEGATE_REGION: environment.region,
  STAGEGATE_ARTIFACT_BUCKET: artifactBucket,
  STAGEGATE_RUN_PREFIX: purpose === 'apply' ? applyPrefix(deployment) : runPrefix(deployment),
});

const variablesOfBuild = (subject: BuildSubject, purpose: Purpose, ticket: string) => ({
  ...variablesOfEveryBuild(subject, purpose),
  STAGEGATE_COMMIT: subject.deployment.commit,
  [TICKET_VARIABLE]: ticket,
  STAGEGATE_STATE_BUCKET: stateBucketOf(subject.installation, subject.environment),
  STAGEGATE_STATE_KEY: stateKeyOf(subject.environment),
  // The directory of another environment must not decide where an ephemeral environment keeps its state.
  STAGEGATE_STATE_KEY_RULE: subject.environment.type === 'ephemeral' ? ('fixed' as const) : ('default' as const),
  STAGEGATE_ENGINE: subject.application.engine === 'opentofu' ? ('tofu' as const) : ('terraform' as const),
  STAGEGATE_ENGINE_VERSION: engineVersionOf(subject.application, subject.environment) ?? '',
  STAGEGATE_LOCK_TIMEOUT: LOCK_TIMEOUT,
});

/** Time to wait for a lock. Another plan of the same state takes minutes at most. */
const LOCK_TIMEOUT = '5m';

function build(subject: BuildSubject, purpose: Purpose, variables: Readonly<Record<string, string>>): BuildRequest {
  return { ...source(subject, purpose), ...started(subject, purpose, variables) };
}

const started = (
  { deployment }: BuildSubject,
  purpose: Purpose | 'inspect',
  variables: Readonly<Record<string, string>>,
): Pick<BuildRequest, 'EnvironmentVariablesOverride' | 'IdempotencyToken'> => ({
  EnvironmentVariablesOverride: Object.entries(variables).map(([Name, Value]) => ({ Name, Value, Type: 'PLAINTEXT' })),
  IdempotencyToken: tokenOf(deployment, purpose),
});

/** Returns the token with which a build is started: another one for each round, and for each attempt. */
export const tokenOf = ({ id, round, attempt }: Deployment, purpose: Purpose | 'inspect'): string =>
  [id, purpose, round, ...(attempt === undefined ? [] : [attempt])].join('-');

function source(
  { installation, application, deployment }: BuildSubject,
  purpose: Purpose,
): Pick<BuildRequest, 'ProjectName' | 'SourceTypeOverride' | 'SourceLocationOverride' | 'SourceVersion'> {
  if (deployment.treeOf) return { ProjectName: projectName(installation, purpose, KEPT_SOURCE) };
  const { source, provider, location } = repositoryOf(application);
  return {
    ProjectName: projectName(installation, purpose, source),
    ...(source.kind === 'public' && { SourceTypeOverride: PROVIDERS[provider].sourceType }),
    SourceLocationOverride: location,
    SourceVersion: deployment.commit,
  };
}
