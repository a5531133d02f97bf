import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { roleSession } from '../../door/callers.ts';
import type { Credentials } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { BuildEnds } from './build-ends.ts';
import { buildUuid } from './build-ids.ts';
import { openBuildLog } from './build-log.ts';
import { type BuildRecord, beginPhase, endBuild } from './build-record.ts';
import { type BuildRunner, REMOVAL } from './build-runner.ts';
import type { BuildStore } from './build-store.ts';
import { createEnvironmentQueue } from './environment-queue.ts';
import { killLeftovers } from './process-tree.ts';
import type { Project } from './project.ts';

interface RunningBuildsProps extends Pick<LocalContext, 'door' | 'endpoint' | 'filesDirectory' | 'log'> {
  readonly store: BuildStore;
  readonly ends: BuildEnds;
  readonly runner: BuildRunner;
  readonly logFile: (buildId: string) => string;
}

/** A build of this run of the local cloud that has not ended yet. */
export interface RunningBuild {
  readonly id: string;
  readonly stop: AbortController;
  /** A secret that only the build itself knows. */
  readonly token: string;
  readonly serviceRoleArn: string;
  credentials?: Credentials;
}

export interface RunningBuilds {
  start(build: BuildRecord, project: Project, variables: Readonly<Record<string, string>>): void;
  stop(buildId: string): void;
  /** Returns the build whose uuid is the end of the path. */
  findByPath(path: string): RunningBuild | undefined;
  /** Ends the builds that an earlier run of the local cloud left unfinished, and removes their processes and files. */
  clearLeftovers(): Promise<void>;
  /** Stops all builds and resolves when they have ended. */
  stopAll(): Promise<void>;
}

/** Runs builds until they end; builds of one environment wait for each other. */
export function createRunningBuilds(props: RunningBuildsProps): RunningBuilds {
  const { door, endpoint, filesDirectory, log, store, ends, runner, logFile } = props;
  const active = new Map<string, RunningBuild>();
  const running = new Set<Promise<void>>();
  const environments = createEnvironmentQueue();

  async function run(build: BuildRecord, project: Project, variables: Readonly<Record<string, string>>): Promise<void> {
    const stop = new AbortController();
    const token = randomBytes(32).toString('base64url');
    active.set(build.id, { id: build.id, stop, token, serviceRoleArn: project.serviceRole });
    const buildLog = openBuildLog(logFile(build.id));
    const save = () => store.put(build);
    beginPhase(build, 'QUEUED');
    save();
    try {
      await environments.run(variables, async () => {
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
      ends.announce(build.id);
    }
  }

  return {
    start(build, project, variables) {
      const ended = run(build, project, variables)
        .catch((error: unknown) => {
          log({ source: 'codebuild', message: `build ${build.id} crashed`, fields: { error: String(error) } });
        })
        .finally(() => running.delete(ended));
      running.add(ended);
    },
    stop: (buildId) => active.get(buildId)?.stop.abort(),
    findByPath: (path) => [...active.values()].find(({ id }) => path.endsWith(`/${buildUuid(id)}`)),
    async clearLeftovers() {
      const leftovers = store.unfinished().filter(({ id }) => !active.has(id));
      if (leftovers.length === 0) return;
      await killLeftovers(['builds', 'work', 'assets'].map((name) => `${join(filesDirectory, name)}/`));
      for (const name of ['builds', 'work']) await rm(join(filesDirectory, name), REMOVAL);
      for (const build of leftovers) {
        endBuild(build, 'STOPPED');
        store.put(build);
        log({ source: 'codebuild', message: `build ${build.id} was running when the local cloud ended: STOPPED` });
        ends.announce(build.id);
      }
    },
    async stopAll() {
      for (const { stop } of active.values()) stop.abort();
      await Promise.allSettled(running);
    },
  };
}
