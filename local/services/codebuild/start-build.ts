import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { AwsError, type CallContext } from '../../door/wire.ts';
import { type BuildRecord, beginPhase } from './build-record.ts';
import type { BuildStore } from './build-store.ts';
import type { Project } from './project.ts';
import { NO_SOURCE, objectionToSource, type PrimarySource, S3_SOURCE } from './source.ts';

const VariableSchema = z.strictObject({
  name: z.string().min(1),
  value: z.string(),
  type: z.literal('PLAINTEXT').default('PLAINTEXT'),
});

/**
 * Input of StartBuild, without an override of credentials: CodeBuild uses it only for some types of projects, and no
 * caller here sends one.
 */
export const StartBuildInput = z.strictObject({
  projectName: z.string(),
  sourceTypeOverride: z.string().optional(),
  sourceLocationOverride: z.string().optional(),
  sourceVersion: z.string().optional(),
  environmentVariablesOverride: z.array(VariableSchema).default([]),
  timeoutInMinutesOverride: z.number().int().min(5).max(2160).optional(),
  queuedTimeoutInMinutesOverride: z.number().int().min(5).max(480).optional(),
  idempotencyToken: z.string().optional(),
});
type StartBuildInput = z.infer<typeof StartBuildInput>;

/** Returns the variables that a build is started with; they override those of its project. */
export const variablesIn = ({ environmentVariablesOverride }: StartBuildInput): Record<string, string> =>
  Object.fromEntries(environmentVariablesOverride.map(({ name, value }) => [name, value]));

/** Returns a new build, or the earlier build that the same token started. */
export function takeBuild(
  store: BuildStore,
  project: Project,
  input: StartBuildInput,
  call: CallContext,
): { readonly build: BuildRecord; readonly isNew: boolean } {
  const { idempotencyToken: token } = input;
  const parameters = createHash('sha256').update(JSON.stringify(input)).digest('hex');
  const started = token === undefined ? undefined : findByToken(store, project.name, token, parameters);
  if (started) return { build: started, isNew: false };
  const build = newBuild(store, project, input, call);
  store.put(build);
  if (token !== undefined) store.putTokenUse(project.name, token, { parameters, buildId: build.id });
  return { build, isNew: true };
}

function findByToken(
  store: BuildStore,
  projectName: string,
  token: string,
  parameters: string,
): BuildRecord | undefined {
  const use = store.findTokenUse(projectName, token);
  if (!use) return undefined;
  if (use.parameters !== parameters) {
    throw new AwsError('InvalidInputException', 'The idempotency token was used before with other parameters.');
  }
  return store.find(use.buildId);
}

/**
 * Returns the source of a build. The type of a project's source cannot be overridden, because its credential is for
 * that type; a project without a source takes the source of the input.
 */
function sourceOf(project: Project, input: StartBuildInput): PrimarySource {
  const own = project.source;
  const type = input.sourceTypeOverride ?? own.type;
  if (own.type !== NO_SOURCE && type !== own.type)
    throw new AwsError('InvalidInputException', `project ${project.name} is of type ${own.type}, not ${type}`);
  const location = input.sourceLocationOverride ?? own.location;
  const source = { type, ...(location && { location }), ...(own.auth && { auth: own.auth }) };
  const objection = objectionToSource(source);
  if (objection) throw new AwsError('InvalidInputException', `Invalid project source: ${objection}`);
  if (type === S3_SOURCE && input.sourceVersion !== undefined)
    throw new AwsError('InvalidInputException', 'the local cloud keeps no versions of what it builds from S3');
  return source;
}

function newBuild(store: BuildStore, project: Project, input: StartBuildInput, { caller }: CallContext): BuildRecord {
  const source = sourceOf(project, input);
  const id = `${project.name}:${randomUUID()}`;
  const variables = Object.entries({ ...project.variables, ...variablesIn(input) });
  const build: BuildRecord = {
    id,
    arn: project.arn.replace(/:project\/.*$/, `:build/${id}`),
    projectName: project.name,
    buildNumber: store.takeNumber(project.name),
    initiator: caller.kind === 'role' ? caller.arn.split('/').slice(-2).join('/') : 'operator',
    startTime: Date.now() / 1000,
    serviceRole: project.serviceRole,
    timeoutInMinutes: input.timeoutInMinutesOverride ?? project.timeoutInMinutes,
    queuedTimeoutInMinutes: input.queuedTimeoutInMinutesOverride ?? project.queuedTimeoutInMinutes,
    source: { ...source, buildspec: project.buildspecText },
    secondarySources: project.secondarySources,
    ...(input.sourceVersion ? { sourceVersion: input.sourceVersion } : {}),
    environment: {
      ...project.environment,
      environmentVariables: variables.map(([name, value]) => ({ name, value, type: 'PLAINTEXT' })),
    },
    artifacts: { location: '' },
    phases: [],
    currentPhase: 'SUBMITTED',
    buildStatus: 'IN_PROGRESS',
    buildComplete: false,
    exportedEnvironmentVariables: [],
  };
  beginPhase(build, 'SUBMITTED');
  return build;
}
