import * as z from 'zod';
import type { Application, ConfigRepository } from './application.ts';
import { ApplyVariablesSchema, PlanVariablesSchema } from './build-environment-variables.ts';
import { type BuildVariables, requireFittingVariables } from './build-variables.ts';
import { type Deployment, type Planned, runPrefix } from './deployment.ts';
import { configurationOf, type Environment, roleArnOf, stateBucketOf, stateKeyOf } from './environment.ts';
import { ephemeralVariables } from './ephemeral-environment.ts';

/** Overrides of CodeBuild's StartBuild, spelled as Step Functions wants them. */
export const BuildOverridesSchema = z.object({
  SourceTypeOverride: z.string(),
  SourceLocationOverride: z.string(),
  SourceAuthOverride: z
    .object({ Type: z.enum(['CODECONNECTIONS', 'SECRETS_MANAGER']), Resource: z.string() })
    .optional(),
  /** The release's commit: a branch would be resolved when the build starts, which may be another commit. */
  SourceVersion: z.string(),
  EnvironmentVariablesOverride: z.array(
    z.object({ Name: z.string(), Value: z.string(), Type: z.literal('PLAINTEXT') }),
  ),
  /** For five minutes a second start with the same token answers the first build. */
  IdempotencyToken: z.string().max(128),
});
export type BuildOverrides = z.infer<typeof BuildOverridesSchema>;

interface BuildSubject {
  readonly application: Application;
  readonly environment: Environment;
  readonly deployment: Deployment;
  readonly artifactBucket: string;
}

/** The apply needs no variables: their values are part of the plan. */
export function planBuild(subject: BuildSubject, more: BuildVariables = {}): BuildOverrides {
  const variables = { ...variablesOf(subject.environment), ...more };
  requireFittingVariables(variables);
  return build(
    subject,
    'plan',
    z.encode(PlanVariablesSchema, { ...variablesOfBuild(subject, 'plan'), STAGEGATE_VARIABLES: variables }),
  );
}

/** What Stagegate knows about an environment and its directory cannot. */
const variablesOf = (environment: Environment): BuildVariables =>
  environment.type === 'ephemeral' ? ephemeralVariables(environment.name, environment.variables) : {};

export const applyBuild = (subject: BuildSubject, planned: Planned): BuildOverrides =>
  build(
    subject,
    'apply',
    z.encode(ApplyVariablesSchema, {
      ...variablesOfBuild(subject, 'apply'),
      STAGEGATE_BUNDLE_KEY: planned.bundle.key,
      STAGEGATE_BUNDLE_VERSION_ID: planned.bundle.versionId,
      STAGEGATE_PLAN_DIGEST: planned.digest,
    }),
  );

const variablesOfBuild = (
  { application, environment, deployment, artifactBucket }: BuildSubject,
  purpose: 'plan' | 'apply',
) => ({
  STAGEGATE_DEPLOYMENT_ID: deployment.id,
  STAGEGATE_APPLICATION: application.name,
  STAGEGATE_ENVIRONMENT: environment.name,
  STAGEGATE_OPERATION: deployment.operation,
  STAGEGATE_DIRECTORY: configurationOf(environment),
  STAGEGATE_COMMIT: deployment.commit,
  STAGEGATE_REGION: environment.region,
  STAGEGATE_ROLE_ARN: roleArnOf(environment, purpose),
  STAGEGATE_EXTERNAL_ID: environment.externalId,
  STAGEGATE_STATE_BUCKET: stateBucketOf(environment),
  STAGEGATE_STATE_KEY: stateKeyOf(environment),
  // The directory of another environment must not decide where this one keeps its state.
  STAGEGATE_STATE_KEY_RULE: environment.type === 'ephemeral' ? ('fixed' as const) : ('default' as const),
  STAGEGATE_ARTIFACT_BUCKET: artifactBucket,
  STAGEGATE_RUN_PREFIX: runPrefix(deployment),
  STAGEGATE_ENGINE: application.engine === 'opentofu' ? ('tofu' as const) : ('terraform' as const),
  STAGEGATE_ENGINE_VERSION: application.engineVersion ?? '',
  STAGEGATE_LOCK_TIMEOUT: LOCK_TIMEOUT,
});

/** Somebody else's plan of the same state takes minutes at most. */
const LOCK_TIMEOUT = '5m';

function build(
  { application, deployment }: BuildSubject,
  purpose: 'plan' | 'apply',
  variables: Readonly<Record<string, string>>,
): BuildOverrides {
  return {
    ...source(application.configRepository),
    SourceVersion: deployment.commit,
    EnvironmentVariablesOverride: Object.entries(variables).map(([Name, Value]) => ({
      Name,
      Value,
      Type: 'PLAINTEXT',
    })),
    IdempotencyToken: `${deployment.id}-${purpose}-${deployment.round}`,
  };
}

function source({
  url,
  connectionArn,
  secretArn,
}: ConfigRepository): Pick<BuildOverrides, 'SourceTypeOverride' | 'SourceLocationOverride' | 'SourceAuthOverride'> {
  return {
    SourceTypeOverride: sourceType(url),
    SourceLocationOverride: url,
    ...(connectionArn && { SourceAuthOverride: { Type: 'CODECONNECTIONS', Resource: connectionArn } }),
    ...(secretArn && { SourceAuthOverride: { Type: 'SECRETS_MANAGER', Resource: secretArn } }),
  };
}

/** CodeBuild's source type by the repository's host; any other git server speaks GitHub Enterprise's plain git. */
function sourceType(url: string): string {
  const host = /^(?:https:\/\/|ssh:\/\/(?:[^@/]+@)?|[^@/]+@)([^/:]+)/.exec(url)?.[1] ?? '';
  if (host === 'github.com') return 'GITHUB';
  if (host === 'gitlab.com') return 'GITLAB';
  if (host === 'bitbucket.org') return 'BITBUCKET';
  if (host.startsWith('git-codecommit.')) return 'CODECOMMIT';
  if (host.startsWith('gitlab.')) return 'GITLAB_SELF_MANAGED';
  return 'GITHUB_ENTERPRISE';
}
