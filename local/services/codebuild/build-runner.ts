import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalContext } from '../local-context.ts';
import { type BuildPhase, type BuildStatus, beginPhase, endPhase } from './build-record.ts';
import { type BuildShellProps, runShell } from './build-shell.ts';
import { type BuildSourcesProps, createBuildSources } from './build-sources.ts';
import { type BuildVariablesProps, buildVariables } from './build-variables.ts';
import { asGitVariables, gitConfigOf } from './registered-repositories.ts';
import { requirePermissionToLog } from './role-permission.ts';
import { type BuildStandIn, PhaseFailure, type ReadySource, type RunRequest } from './run-request.ts';
import { NO_SOURCE, S3_SOURCE } from './source.ts';

/**
 * Options for removing files: a process that has left its build, or is being killed, may still write to the directory.
 */
export const REMOVAL = { recursive: true, force: true, maxRetries: 10 } as const;

export interface BuildRunnerProps
  extends Pick<LocalContext, 'door' | 'region'>,
    BuildSourcesProps,
    BuildVariablesProps,
    BuildShellProps {
  /**
   * Runs after a repository was fetched and before the first command; it does not run in builds without a repository.
   */
  readonly onSourceReady?: (source: ReadySource) => Promise<void>;
  /** Returns the addresses of the repositories that applications are deployed from. */
  readonly registeredRepositories?: () => Promise<readonly string[]>;
}

export interface BuildRunner {
  /** Runs a build until it ends and returns its status; the phases of the record contain the reasons. */
  run(request: RunRequest): Promise<Exclude<BuildStatus, 'IN_PROGRESS'>>;
}

/**
 * Makes the runner of builds. It fetches the sources, runs the buildspec with bash, and ends every process that the
 * build started.
 */
export function createBuildRunner(props: BuildRunnerProps): BuildRunner {
  const { door, filesDirectory, region } = props;
  const sources = createBuildSources(props);

  /** Returns variables that make git of the build find the registered repositories where its source came from. */
  async function repositoryVariables(
    { build, log }: RunRequest,
    base: string,
    variables: Readonly<Record<string, string>>,
  ): Promise<Record<string, string>> {
    const { configRepository } = props;
    if (configRepository === undefined || build.source.type === S3_SOURCE || build.source.type === NO_SOURCE) return {};
    const addresses = (await props.registeredRepositories?.()) ?? [];
    if (addresses.length === 0) return {};
    log.note(`git takes ${configRepository} for ${addresses.join(', ')} on this machine`);
    return asGitVariables(base, gitConfigOf(configRepository, addresses), variables);
  }

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
    const variablesOfBuild = await buildVariables(request, { directory, secondary }, props);
    const environment = { ...variablesOfBuild, ...(await repositoryVariables(request, base, variablesOfBuild)) };
    const status = props.standIn
      ? await runStandIn(props.standIn, request, environment)
      : await runShell(request, { base, source: directory, environment }, props);
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
        // A failure here is not a failure of the build, and the local cloud removes all of its files when it ends.
        await rm(base, REMOVAL).catch((error: unknown) => request.log.note(`${base} was left: ${String(error)}`));
      }
    },
  };
}

async function runStandIn(
  standIn: BuildStandIn,
  request: RunRequest,
  environment: Readonly<Record<string, string>>,
): Promise<'SUCCEEDED' | 'FAILED' | 'STOPPED'> {
  beginPhase(request.build, 'BUILD');
  const isSuccessful = await standIn.run(request, environment);
  if (request.signal.aborted) return 'STOPPED';
  if (!isSuccessful)
    endPhase(request.build, 'FAILED', { statusCode: 'COMMAND_EXECUTION_ERROR', message: 'the stand-in failed' });
  return isSuccessful ? 'SUCCEEDED' : 'FAILED';
}
