import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalContext } from '../local-context.ts';
import { type BuildPhase, type BuildStatus, beginPhase, endPhase } from './build-record.ts';
import { type BuildShellProps, runShell } from './build-shell.ts';
import { type BuildSourcesProps, createBuildSources } from './build-sources.ts';
import { type BuildVariablesProps, buildVariables } from './build-variables.ts';
import { requirePermissionToLog } from './role-permission.ts';
import { PhaseFailure, type ReadySource, type RunRequest } from './run-request.ts';
import { S3_SOURCE } from './source.ts';

/** A process that left its build, or is being killed, may write while what it writes to is removed. */
export const REMOVAL = { recursive: true, force: true, maxRetries: 10 } as const;

export interface BuildRunnerProps
  extends Pick<LocalContext, 'door' | 'region'>,
    BuildSourcesProps,
    BuildVariablesProps,
    BuildShellProps {
  /** Runs after a repository was fetched and before the first command; not in builds that have none. */
  readonly onSourceReady?: (source: ReadySource) => Promise<void>;
}

export interface BuildRunner {
  /** Runs a build to its end and says how it ended; why stands in the record's phases. */
  run(request: RunRequest): Promise<Exclude<BuildStatus, 'IN_PROGRESS'>>;
}

/** Makes the runner of builds: fetches sources, runs the buildspec with bash, ends everything a build started. */
export function createBuildRunner(props: BuildRunnerProps): BuildRunner {
  const { door, filesDirectory, region } = props;
  const sources = createBuildSources(props);

  async function runPhases(request: RunRequest, base: string): Promise<Exclude<BuildStatus, 'IN_PROGRESS'>> {
    const { build, variables, save } = request;
    const enter = (phase: BuildPhase) => {
      beginPhase(build, phase);
      save();
    };
    enter('PROVISIONING');
    requirePermissionToLog(door, request, region);
    enter('DOWNLOAD_SOURCE');
    const directory = await sources.fetchPrimary(request, base);
    const secondary = await sources.fetchSecondary(request);
    if (build.source.type !== S3_SOURCE) await props.onSourceReady?.({ directory, secondary, variables });
    if (request.signal.aborted) return 'STOPPED';
    const environment = await buildVariables(request, { directory, secondary }, props);
    const status = await runShell(request, { base, source: directory, environment }, props);
    if (status === 'SUCCEEDED' || status === 'FAILED') {
      beginPhase(build, 'UPLOAD_ARTIFACTS');
      beginPhase(build, 'FINALIZING');
    }
    return status;
  }

  return {
    async run(request) {
      const base = join(filesDirectory, 'builds', request.build.id.split(':')[1] ?? request.build.id);
      try {
        await mkdir(base, { recursive: true, mode: 0o700 });
        return await runPhases(request, base);
      } catch (error) {
        if (request.signal.aborted) return 'STOPPED';
        const statusCode = error instanceof PhaseFailure ? error.statusCode : 'INTERNAL_ERROR';
        const message = error instanceof Error ? error.message : String(error);
        endPhase(request.build, error instanceof PhaseFailure ? 'FAILED' : 'FAULT', { statusCode, message });
        request.log.note(`Phase ${request.build.currentPhase} failed: ${message}`);
        return error instanceof PhaseFailure ? 'FAILED' : 'FAULT';
      } finally {
        // It says nothing about the build, and the local cloud removes all of its files when it ends.
        await rm(base, REMOVAL).catch((error: unknown) => request.log.note(`${base} was left: ${String(error)}`));
      }
    },
  };
}
