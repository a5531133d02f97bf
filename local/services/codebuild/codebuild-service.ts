import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../clock.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import type { LocalRoutes } from '../../door/local-route.ts';
import type { AwsService } from '../../door/wire.ts';
import { createProgramStarter, type ProgramStarter } from '../../programs/program-starter.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { respondCredentials } from './build-credentials.ts';
import { createBuildEnds } from './build-ends.ts';
import { buildUuid } from './build-ids.ts';
import type { BuildRecord } from './build-record.ts';
import { type BuildRunnerProps, createBuildRunner } from './build-runner.ts';
import { createBuildStore } from './build-store.ts';
import { createCodeBuildOperations } from './codebuild-operations.ts';
import { findInstalledEngines } from './installed-engines.ts';
import { type Project, readProject } from './project.ts';
import { createRunningBuilds } from './running-builds.ts';

const DEFAULT_STOP_GRACE_MS = 30_000;

export interface CodeBuildProps
  extends Pick<
    BuildRunnerProps,
    'configRepository' | 'environment' | 'targetEndpoint' | 'onSourceReady' | 'registeredRepositories' | 'standIn'
  > {
  /** URL at which `localRoutes` are served; links to logs begin with it. */
  readonly pagesUrl?: () => string;
  readonly stopGraceMs?: number;
  /** The clock for the timeout of builds and for killing stopped builds. */
  readonly clock?: Clock;
  /** By default the service makes its own. */
  readonly programs?: ProgramStarter;
}

export interface CodeBuildService extends LocalService {
  readonly service: AwsService;
  /**
   * Resolves when the build has ended, or when `signal` aborts; at once for a build that has ended or never existed.
   */
  buildEnds(buildId: string, signal?: AbortSignal): Promise<void>;
  /** Serves `/local/builds/<uuid>`: the log of a build as text. */
  readonly localRoutes: LocalRoutes;
}

/** Makes the local CodeBuild: projects come from the template; builds run with bash and the tools of this machine. */
export function createCodeBuildService(context: LocalContext, props: CodeBuildProps = {}): CodeBuildService {
  const { door, database, accountId, region, filesDirectory, endpoint } = context;
  const projects = new Map<string, Project>();
  const logsDirectory = join(filesDirectory, 'build-logs');
  const workDirectory = join(filesDirectory, 'work');
  mkdirSync(logsDirectory, { recursive: true, mode: 0o700 });
  const logFile = (id: string) => join(logsDirectory, `${buildUuid(id)}.log`);

  let engines: Promise<string> | undefined;
  const substitutions = async () => {
    engines ??= findInstalledEngines(props.environment?.PATH ?? process.env.PATH ?? '').then((found) =>
      JSON.stringify(found),
    );
    return { STAGEGATE_WORK: workDirectory, STAGEGATE_ENGINES: await engines };
  };

  const store = createBuildStore(database);
  const ends = createBuildEnds();
  const programs = props.programs ?? createProgramStarter();
  const runner = createBuildRunner({
    ...context,
    ...props,
    programs,
    substitutions,
    stopGraceMs: props.stopGraceMs ?? DEFAULT_STOP_GRACE_MS,
    clock: props.clock ?? systemClock,
  });
  const running = createRunningBuilds({ ...context, store, ends, runner, logFile });
  const describe = (build: BuildRecord): Record<string, unknown> => {
    const streamName = buildUuid(build.id);
    const deepLink = `${props.pagesUrl?.() ?? endpoint()}/local/builds/${streamName}`;
    return { ...build, logs: { groupName: projects.get(build.projectName)?.logGroup, streamName, deepLink } };
  };

  const showLog = respondLog(logFile);
  door.route('/codebuild/credentials/', respondCredentials(running, door));
  door.route('/local/builds/', showLog);

  return {
    service: {
      signingName: 'codebuild',
      protocol: createJsonProtocol({ targetPrefix: 'CodeBuild_20161006', version: '1.1' }),
      operations: createCodeBuildOperations({
        projects,
        store,
        running,
        projectArn: (name) => `arn:aws:codebuild:${region}:${accountId}:project/${name}`,
        describe,
      }),
    },
    provisioners: {
      'AWS::CodeBuild::Project'(resource) {
        const project = readProject(resource, { accountId, region });
        if (projects.has(project.name)) throw new Error(`project ${project.name} is defined twice`);
        projects.set(project.name, project);
        return {
          ref: project.name,
          attributes: { Arn: project.arn },
          remove: () => void projects.delete(project.name),
        };
      },
    },
    async buildEnds(buildId, signal) {
      const build = store.find(buildId);
      if (build && !build.buildComplete && !signal?.aborted) await ends.next(buildId, signal);
    },
    localRoutes: { '/local/builds/': showLog },
    start: () => running.clearLeftovers(),
    async stop() {
      await running.stopAll();
      if (!props.programs) await programs.stop();
    },
  };
}

/** Makes the page with the log of a build as text; the path ends with the build's uuid. */
function respondLog(logFile: (buildId: string) => string): LocalRoutes[string] {
  return ({ path }) => {
    const uuid = path.split('/').at(-1) ?? '';
    const file = logFile(uuid);
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    if (!/^[0-9a-f-]{36}$/.test(uuid) || !existsSync(file)) return { status: 404, headers, body: 'no such build\n' };
    return { status: 200, headers, body: readFileSync(file) };
  };
}
