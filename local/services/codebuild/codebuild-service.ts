import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { type Clock, systemClock } from '../../clock.ts';
import { PlaceSchema } from '../../differences.ts';
import { roleSession } from '../../door/callers.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import type { LocalRoutes } from '../../door/local-route.ts';
import {
  AwsError,
  type AwsService,
  type CallContext,
  type Credentials,
  type Operation,
  type WireResponse,
} from '../../door/wire.ts';
import { createProgramStarter, type ProgramStarter } from '../../programs/program-starter.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { openBuildLog } from './build-log.ts';
import { type BuildRecord, beginPhase, endBuild } from './build-record.ts';
import { type BuildRunnerProps, createBuildRunner, REMOVAL } from './build-runner.ts';
import { findInstalledEngines } from './installed-engines.ts';
import { killLeftovers } from './process-tree.ts';
import { type Project, readProject } from './project.ts';
import { NO_SOURCE, objectionToSource, type PrimarySource, S3_SOURCE } from './source.ts';

export interface CodeBuildProps
  extends Pick<BuildRunnerProps, 'configRepository' | 'environment' | 'targetEndpoint' | 'onSourceReady'> {
  /** URL under which `localRoutes` are served; links to logs begin with it. */
  readonly pagesUrl?: () => string;
  readonly stopGraceMs?: number;
  /** By which builds time out, and stopped ones are killed in the end. */
  readonly clock?: Clock;
  /** By default the service has one of its own. */
  readonly programs?: ProgramStarter;
}

export interface CodeBuildService extends LocalService {
  readonly service: AwsService;
  /** Resolves when the build has ended (at once for one that has, or never was), or when `signal` aborts. */
  buildEnds(buildId: string, signal?: AbortSignal): Promise<void>;
  /** `/local/builds/<uuid>`: the log of a build as text. */
  readonly localRoutes: LocalRoutes;
}

const VariableSchema = z.strictObject({
  name: z.string().min(1),
  value: z.string(),
  type: z.literal('PLAINTEXT').default('PLAINTEXT'),
});
/** Without an override of credentials: CodeBuild heeds it for some types of projects only, and nothing here sends one. */
const StartBuildSchema = z.strictObject({
  projectName: z.string(),
  sourceTypeOverride: z.string().optional(),
  sourceLocationOverride: z.string().optional(),
  sourceVersion: z.string().optional(),
  environmentVariablesOverride: z.array(VariableSchema).default([]),
  timeoutInMinutesOverride: z.number().int().min(5).max(2160).optional(),
  queuedTimeoutInMinutesOverride: z.number().int().min(5).max(480).optional(),
  idempotencyToken: z.string().optional(),
});
type StartBuildInput = z.infer<typeof StartBuildSchema>;
const StopBuildSchema = z.strictObject({ id: z.string() });
const BatchGetBuildsSchema = z.strictObject({ ids: z.array(z.string()).min(1).max(100) });

/** How long a token stands for the build it started. */
const idempotencyMs = 5 * 60_000;
/** Credentials are handed out again until so little of them is left. */
const credentialsMarginMs = 5 * 60_000;
const credentialsSeconds = 3600;
const defaultStopGraceMs = 30_000;

interface TokenUse {
  readonly at: number;
  readonly parameters: string;
  readonly buildId: string;
}

interface ActiveBuild {
  readonly stop: AbortController;
  readonly token: string;
  readonly serviceRoleArn: string;
  credentials?: Credentials;
}

const parseInput = <T extends z.ZodType>(schema: T, raw: unknown): z.infer<T> => {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new AwsError('InvalidInputException', z.prettifyError(parsed.error));
};

const buildUuid = (id: string) => id.split(':').at(-1) ?? id;

/** Creates the local CodeBuild: projects from the template, builds with bash and the tools of this machine. */
export function createCodeBuildService(context: LocalContext, props: CodeBuildProps = {}): CodeBuildService {
  const { door, database, accountId, region, filesDirectory, endpoint, log } = context;
  const builds = database.collection<BuildRecord>('codebuild-builds');
  const counters = database.collection<number>('codebuild-counters');
  const tokens = database.collection<TokenUse>('codebuild-tokens');
  const projects = new Map<string, Project>();
  const active = new Map<string, ActiveBuild>();
  const waiting = new Map<string, Set<() => void>>();
  /** The end of the last build of each environment: they share a fixed path, so they run one after another. */
  const environments = new Map<string, Promise<void>>();
  const running = new Set<Promise<void>>();
  const logsDirectory = join(filesDirectory, 'build-logs');
  const workDirectory = join(filesDirectory, 'work');
  mkdirSync(logsDirectory, { recursive: true, mode: 0o700 });

  let engines: Promise<string> | undefined;
  const substitutions = async () => {
    engines ??= findInstalledEngines(props.environment?.PATH ?? process.env.PATH ?? '').then((found) =>
      JSON.stringify(found),
    );
    return { STAGEGATE_WORK: workDirectory, STAGEGATE_ENGINES: await engines };
  };

  const programs = props.programs ?? createProgramStarter();
  const runner = createBuildRunner({
    ...context,
    ...props,
    programs,
    substitutions,
    stopGraceMs: props.stopGraceMs ?? defaultStopGraceMs,
    clock: props.clock ?? systemClock,
  });

  const projectArn = (name: string) => `arn:aws:codebuild:${region}:${accountId}:project/${name}`;
  const logFile = (id: string) => join(logsDirectory, `${buildUuid(id)}.log`);

  function findProject(name: string): Project {
    const project = projects.get(name);
    if (!project) throw new AwsError('ResourceNotFoundException', `Project cannot be found: ${projectArn(name)}`);
    return project;
  }

  function describe(build: BuildRecord): Record<string, unknown> {
    const project = projects.get(build.projectName);
    const deepLink = `${props.pagesUrl?.() ?? endpoint()}/local/builds/${buildUuid(build.id)}`;
    return { ...build, logs: { groupName: project?.logGroup, streamName: buildUuid(build.id), deepLink } };
  }

  function announceEnd({ id }: BuildRecord): void {
    const resolvers = waiting.get(id) ?? [];
    waiting.delete(id);
    for (const resolve of resolvers) resolve();
  }

  /** Waits until the environment's earlier build has ended, also its clean-up. */
  async function waitForEnvironment(
    variables: Readonly<Record<string, string>>,
    run: () => Promise<void>,
  ): Promise<void> {
    const place = PlaceSchema.safeParse(variables).data;
    if (!place) return run();
    const key = `${place.STAGEGATE_APPLICATION}/${place.STAGEGATE_ENVIRONMENT}`;
    const turn = (environments.get(key) ?? Promise.resolve()).then(run);
    const ended = turn.catch(() => {});
    environments.set(key, ended);
    await turn;
    if (environments.get(key) === ended) environments.delete(key);
  }

  async function runBuild(
    build: BuildRecord,
    project: Project,
    variables: Readonly<Record<string, string>>,
  ): Promise<void> {
    const stop = new AbortController();
    const token = randomBytes(32).toString('base64url');
    active.set(build.id, { stop, token, serviceRoleArn: project.serviceRole });
    const buildLog = openBuildLog(logFile(build.id));
    const save = () => builds.put(build.id, build);
    beginPhase(build, 'QUEUED');
    save();
    try {
      await waitForEnvironment(variables, async () => {
        if (stop.signal.aborted) {
          endBuild(build, 'STOPPED');
          return;
        }
        const status = await runner.run({
          build,
          project,
          variables,
          serviceRole: roleSession(project.serviceRole, `AWSCodeBuild-${buildUuid(build.id)}`),
          credentials: { url: `${endpoint()}/codebuild/credentials/${buildUuid(build.id)}`, token },
          log: buildLog,
          signal: stop.signal,
          save,
        });
        endBuild(build, status);
      });
    } finally {
      const { credentials } = active.get(build.id) ?? {};
      if (credentials) door.revokeCredentials(credentials.accessKeyId);
      active.delete(build.id);
      if (!build.buildComplete) endBuild(build, 'FAULT');
      buildLog.note(`Build ${build.buildStatus}`);
      const problem = await buildLog.close().then(() => undefined, String);
      if (problem)
        log({ source: 'codebuild', message: `the log of build ${build.id} is not whole`, fields: { problem } });
      save();
      log({ source: 'codebuild', message: `build ${build.id} ${build.buildStatus}` });
      announceEnd(build);
    }
  }

  /** A project's credential is for sources of its type; one without a source takes what the build brings. */
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

  function createBuild(project: Project, input: StartBuildInput, call: CallContext): BuildRecord {
    const source = sourceOf(project, input);
    const uuid = randomUUID();
    const id = `${project.name}:${uuid}`;
    const buildNumber = (counters.get(project.name) ?? 0) + 1;
    counters.put(project.name, buildNumber);
    const overridden = Object.fromEntries(input.environmentVariablesOverride.map(({ name, value }) => [name, value]));
    const variables = Object.entries({ ...project.variables, ...overridden });
    const build: BuildRecord = {
      id,
      arn: `arn:aws:codebuild:${region}:${accountId}:build/${id}`,
      projectName: project.name,
      buildNumber,
      initiator: call.caller.kind === 'role' ? call.caller.arn.split('/').slice(-2).join('/') : 'operator',
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
    builds.put(id, build);
    return build;
  }

  /** The build that this token started within the last five minutes. */
  function findByToken(project: Project, input: StartBuildInput, parameters: string): BuildRecord | undefined {
    if (input.idempotencyToken === undefined) return undefined;
    const use = tokens.get(`${project.name}/${input.idempotencyToken}`);
    if (!use || Date.now() - use.at > idempotencyMs) return undefined;
    if (use.parameters !== parameters) {
      throw new AwsError('InvalidInputException', 'The idempotency token was used before with other parameters.');
    }
    return builds.get(use.buildId);
  }

  const startBuild: Operation = {
    permissions: (raw) => [
      { action: 'codebuild:StartBuild', resources: [projectArn(parseInput(StartBuildSchema, raw).projectName)] },
    ],
    async perform(raw, call) {
      const input = parseInput(StartBuildSchema, raw);
      const project = findProject(input.projectName);
      const parameters = createHash('sha256').update(JSON.stringify(input)).digest('hex');
      const started = findByToken(project, input, parameters);
      if (started) return { build: describe(started) };
      const build = createBuild(project, input, call);
      if (input.idempotencyToken !== undefined) {
        tokens.put(`${project.name}/${input.idempotencyToken}`, { at: Date.now(), parameters, buildId: build.id });
      }
      const variables = Object.fromEntries(input.environmentVariablesOverride.map(({ name, value }) => [name, value]));
      const run = runBuild(build, project, variables)
        .catch((error: unknown) => {
          log({ source: 'codebuild', message: `build ${build.id} crashed`, fields: { error: String(error) } });
        })
        .finally(() => running.delete(run));
      running.add(run);
      return { build: describe(build) };
    },
  };

  const stopBuild: Operation = {
    permissions: (raw) => [
      {
        action: 'codebuild:StopBuild',
        resources: [projectArn(parseInput(StopBuildSchema, raw).id.split(':')[0] ?? '')],
      },
    ],
    async perform(raw) {
      const { id } = parseInput(StopBuildSchema, raw);
      const build = builds.get(id);
      if (!build) throw new AwsError('ResourceNotFoundException', `Build cannot be found: ${id}`);
      // It ends when its processes have: until then the engine saves and unlocks the state.
      active.get(id)?.stop.abort();
      return { build: describe(build) };
    },
  };

  const batchGetBuilds: Operation = {
    permissions: (raw) => [
      {
        action: 'codebuild:BatchGetBuilds',
        resources: [
          ...new Set(
            parseInput(BatchGetBuildsSchema, raw).ids.map((id) => projectArn(toBuildId(id).split(':')[0] ?? '')),
          ),
        ],
      },
    ],
    async perform(raw) {
      const { ids } = parseInput(BatchGetBuildsSchema, raw);
      const found = ids.flatMap((id) => builds.get(toBuildId(id)) ?? []);
      return { builds: found.map(describe), buildsNotFound: ids.filter((id) => !builds.get(toBuildId(id))) };
    },
  };

  /** What the SDKs ask for the build's credentials; only the build itself knows the token. */
  door.route('/codebuild/credentials/', ({ path, headers }): WireResponse => {
    const [id, build] = [...active].find(([candidate]) => path.endsWith(`/${buildUuid(candidate)}`)) ?? [];
    if (!id || !build || headers.authorization !== build.token)
      return { status: 403, headers: {}, body: 'not your build' };
    const left = (build.credentials?.expiration.getTime() ?? 0) - Date.now();
    if (!build.credentials || left < credentialsMarginMs) {
      const session = roleSession(build.serviceRoleArn, `AWSCodeBuild-${buildUuid(id)}`);
      build.credentials = door.issueCredentials(session, credentialsSeconds);
    }
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = build.credentials;
    const body = {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: expiration.toISOString().replace(/\.\d+Z$/, 'Z'),
      RoleArn: build.serviceRoleArn,
    };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  });

  const showLog: LocalRoutes[string] = ({ path }) => {
    const uuid = path.split('/').at(-1) ?? '';
    const file = logFile(uuid);
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    if (!/^[0-9a-f-]{36}$/.test(uuid) || !existsSync(file)) return { status: 404, headers, body: 'no such build\n' };
    return { status: 200, headers, body: readFileSync(file) };
  };
  door.route('/local/builds/', showLog);

  return {
    service: {
      signingName: 'codebuild',
      protocol: createJsonProtocol({ targetPrefix: 'CodeBuild_20161006', version: '1.1' }),
      operations: { StartBuild: startBuild, StopBuild: stopBuild, BatchGetBuilds: batchGetBuilds },
    },
    provisioners: {
      'AWS::CodeBuild::Project'(resource) {
        const project = readProject(resource, { accountId, region });
        const known = projects.get(project.name);
        if (known && !isDeepStrictEqual(known, project)) throw new Error(`project ${project.name} is defined twice`);
        projects.set(project.name, project);
        return { ref: project.name, attributes: { Arn: project.arn } };
      },
    },
    buildEnds(buildId, signal) {
      const build = builds.get(buildId);
      if (!build || build.buildComplete || signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const resolvers = waiting.get(buildId) ?? new Set();
        waiting.set(buildId, resolvers.add(resolve));
        const stopWaiting = () => {
          resolvers.delete(resolve);
          resolve();
        };
        signal?.addEventListener('abort', stopWaiting, { once: true });
      });
    },
    localRoutes: { '/local/builds/': showLog },
    async start() {
      const unfinished = builds.entries().filter(([id, { buildComplete }]) => !buildComplete && !active.has(id));
      if (unfinished.length === 0) return;
      await killLeftovers(['builds', 'work', 'assets'].map((name) => `${join(filesDirectory, name)}/`));
      for (const name of ['builds', 'work']) await rm(join(filesDirectory, name), REMOVAL);
      for (const [, build] of unfinished) {
        endBuild(build, 'STOPPED');
        builds.put(build.id, build);
        log({ source: 'codebuild', message: `build ${build.id} was running when the local cloud ended: STOPPED` });
        announceEnd(build);
      }
    },
    async stop() {
      for (const { stop } of active.values()) stop.abort();
      await Promise.allSettled(running);
      if (!props.programs) await programs.stop();
    },
  };
}

const toBuildId = (idOrArn: string) =>
  idOrArn.startsWith('arn:') ? idOrArn.slice(idOrArn.indexOf(':build/') + 7) : idOrArn;
