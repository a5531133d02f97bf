import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { buildEndpoints, INHERITED_PREFIX, INHERITED_VARIABLES, type SubstitutedVariable } from '../../differences.ts';
import { AwsError, type Caller } from '../../door/wire.ts';
import { type ProgramStarter, type RunningProgram, signalGroup } from '../../programs/program-starter.ts';
import type { LocalContext } from '../local-context.ts';
import { createAssetDirectory } from './asset-directory.ts';
import type { BuildLog } from './build-log.ts';
import { type BuildPhase, type BuildRecord, type BuildStatus, beginPhase, endPhase } from './build-record.ts';
import { parseReport, type Report, renderBuildScript } from './build-script.ts';
import { createGitSources, SourceError } from './git-source.ts';
import { killTree } from './process-tree.ts';
import type { Project } from './project.ts';
import { NO_SOURCE, type PrimarySource, permissionsToFetch, S3_SOURCE } from './source.ts';

/** A process that left its build, or is being killed, may write while what it writes to is removed. */
export const REMOVAL = { recursive: true, force: true, maxRetries: 10 } as const;

/** A checked out build, before its commands run. */
export interface ReadySource {
  readonly directory: string;
  /** Directory of each secondary source by its identifier. */
  readonly secondary: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

export interface BuildRunnerProps
  extends Pick<LocalContext, 'door' | 'endpoint' | 'findAsset' | 'filesDirectory' | 'region'> {
  readonly programs: ProgramStarter;
  /** A directory to which every git location resolves; without it locations are fetched as they are. */
  readonly configRepository?: string;
  /** What Terraform providers see as the endpoint of AWS; backend and STS stay with the local cloud. */
  readonly targetEndpoint?: string;
  /** What builds get besides, over the inherited variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Values of the template's variables that differ on one machine (`local/differences.ts`). */
  readonly substitutions: () => Promise<Readonly<Record<SubstitutedVariable, string>>>;
  /** Runs after a repository was fetched and before the first command; not in builds that have none. */
  readonly onSourceReady?: (source: ReadySource) => Promise<void>;
  /** Time between SIGTERM and SIGKILL of a stopped build: an engine needs it to save and unlock its state. */
  readonly stopGraceMs: number;
  /** By which builds time out, and stopped ones are killed in the end. */
  readonly clock: Clock;
}

interface RunRequest {
  readonly build: BuildRecord;
  readonly project: Project;
  readonly serviceRole: Caller;
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials: { readonly url: string; readonly token: string };
  readonly log: BuildLog;
  readonly signal: AbortSignal;
  /** Called whenever the record changed. */
  readonly save: () => void;
}

export interface BuildRunner {
  /** Runs a build to its end and says how it ended; why stands in the record's phases. */
  run(request: RunRequest): Promise<Exclude<BuildStatus, 'IN_PROGRESS'>>;
}

class PhaseFailure extends Error {
  override readonly name = 'PhaseFailure';
  readonly statusCode: string;
  constructor(statusCode: string, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

function inheritedVariables(): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const isInherited = INHERITED_VARIABLES.includes(name) || name.startsWith(INHERITED_PREFIX);
    if (value !== undefined && isInherited) variables[name] = value;
  }
  // The scripts' programs run on the Node.js that runs the local cloud, whatever else is installed.
  variables.PATH = `${dirname(process.execPath)}${delimiter}${variables.PATH ?? '/usr/bin:/bin'}`;
  // Terraform only warns about a missing file, but it does so in the middle of its JSON.
  if (!existsSync(variables.TF_CLI_CONFIG_FILE ?? '')) delete variables.TF_CLI_CONFIG_FILE;
  return variables;
}

const phaseTypes = { install: 'INSTALL', pre_build: 'PRE_BUILD', build: 'BUILD', post_build: 'POST_BUILD' } as const;

/** Makes the runner of builds: fetches sources, runs the buildspec with bash, ends everything a build started. */
export function createBuildRunner(props: BuildRunnerProps): BuildRunner {
  const { door, endpoint, findAsset, filesDirectory, region, clock } = props;
  const assets = createAssetDirectory(join(filesDirectory, 'assets'));
  const gitSources = createGitSources(join(filesDirectory, 'sources'), props.programs);

  /** As in AWS, a role that may not write the log, or read its connection or scripts, fails before any command. */
  function requirePermission(request: RunRequest, action: string, resource: string): void {
    try {
      door.authorize(request.serviceRole, { action, resources: [resource] });
    } catch (error) {
      if (error instanceof AwsError) throw new PhaseFailure('ACCESS_DENIED', error.message);
      throw error;
    }
  }

  function provision(request: RunRequest): void {
    const { project, build } = request;
    if (project.logGroup === undefined) return;
    const account = project.arn.split(':')[4];
    const stream = `arn:aws:logs:${region}:${account}:log-group:${project.logGroup}:log-stream:${build.id.split(':')[1]}`;
    for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) requirePermission(request, action, stream);
  }

  /** Answers the directory with the source. */
  async function fetchPrimarySource(request: RunRequest, base: string): Promise<string> {
    const { build, signal, log } = request;
    const { type, location } = build.source;
    if (type === S3_SOURCE) return layOutAsset(request, build.source);
    const target = join(base, 'src');
    await mkdir(target, { recursive: true });
    if (type === NO_SOURCE) return target;
    requirePermissionToFetch(request, build.source);
    const origin = props.configRepository ?? location;
    if (!origin) throw new PhaseFailure('CLIENT_ERROR', `the source of type ${type} has no location`);
    log.note(`Fetching ${build.sourceVersion ?? 'HEAD'} of ${location ?? origin}`);
    try {
      build.resolvedSourceVersion = await gitSources.checkOut({
        ...{ location: origin, version: build.sourceVersion ?? 'HEAD' },
        ...{ target, scratch: base, signal },
      });
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new PhaseFailure('CLIENT_ERROR', location ? error.message.replaceAll(origin, location) : error.message);
    }
    return target;
  }

  function requirePermissionToFetch(request: RunRequest, source: PrimarySource): void {
    const needed = permissionsToFetch(source, request.project.arn.split(':')[4] ?? '');
    for (const action of needed?.actions ?? []) requirePermission(request, action, needed?.resource ?? '');
  }

  async function layOutAsset(request: RunRequest, source: PrimarySource): Promise<string> {
    requirePermissionToFetch(request, source);
    const { location = '' } = source;
    const slash = location.indexOf('/');
    const [bucket, key] = [location.slice(0, slash), location.slice(slash + 1)];
    const asset = findAsset({ bucket, key });
    if (asset.packaging !== 'zip') throw new PhaseFailure('CLIENT_ERROR', `the source ${location} is no zip archive`);
    return assets.layOut(asset.path);
  }

  /** Only what the template gives the project can be replaced, and the log tells by what. */
  async function substituted({ project, log }: RunRequest): Promise<Record<string, string>> {
    const replaced = Object.entries(await props.substitutions()).filter(([name]) => name in project.variables);
    for (const [name, value] of replaced)
      log.note(`${name} is ${value} on this machine; in AWS it is ${project.variables[name]}`);
    return Object.fromEntries(replaced);
  }

  async function buildVariables(
    request: RunRequest,
    source: string,
    secondary: ReadySource['secondary'],
  ): Promise<Record<string, string>> {
    const { build, project, variables, credentials } = request;
    const directories = Object.entries(secondary).map(([name, path]) => [`CODEBUILD_SRC_DIR_${name}`, path]);
    return {
      ...inheritedVariables(),
      ...props.environment,
      ...project.buildspec.env.variables,
      ...project.variables,
      ...variables,
      ...(await substituted(request)),
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      ...buildEndpoints(endpoint(), props.targetEndpoint),
      AWS_CONTAINER_CREDENTIALS_FULL_URI: credentials.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: credentials.token,
      // Compiling it is a good part of the start of a large program.
      NODE_COMPILE_CACHE: join(filesDirectory, 'compile-cache'),
      CODEBUILD_CI: 'true',
      CODEBUILD_BUILD_ID: build.id,
      CODEBUILD_BUILD_ARN: build.arn,
      CODEBUILD_BUILD_NUMBER: String(build.buildNumber),
      CODEBUILD_BUILD_IMAGE: build.environment.image,
      CODEBUILD_INITIATOR: build.initiator,
      CODEBUILD_START_TIME: String(Math.round(build.startTime * 1000)),
      CODEBUILD_SOURCE_REPO_URL: build.source.location ?? '',
      CODEBUILD_SOURCE_VERSION: build.sourceVersion ?? '',
      CODEBUILD_RESOLVED_SOURCE_VERSION: build.resolvedSourceVersion ?? '',
      CODEBUILD_SRC_DIR: source,
      ...Object.fromEntries(directories),
    };
  }

  /** Follows what the build's shell reports; the state has the last command, for messages. */
  function followReports(request: RunRequest): {
    readonly state: ShellState;
    readonly read: (bytes: Uint8Array) => void;
  } {
    const state: ShellState = { lastCommand: '', failed: false, ended: false };
    const { build, log, save } = request;
    let rest = '';
    const heed = (report: Report): void => {
      if (report.kind === 'phase') {
        beginPhase(build, phaseTypes[report.phase]);
        log.note(`Entering phase ${phaseTypes[report.phase]}`);
      } else if (report.kind === 'command') {
        state.lastCommand = report.command;
        log.note(`Running command ${report.command}`);
      } else if (report.kind === 'failed') {
        state.failed = true;
        failCommand(build, state.lastCommand, report.exitCode);
      } else if (report.kind === 'export') {
        build.exportedEnvironmentVariables.push({ name: report.name, value: report.value });
      } else {
        state.ended = true;
      }
      save();
    };
    return {
      state,
      read(bytes) {
        const lines = `${rest}${Buffer.from(bytes).toString('latin1')}`.split('\n');
        rest = lines.pop() ?? '';
        for (const report of lines.map(parseReport)) if (report) heed(report);
      },
    };
  }

  async function runShell(
    request: RunRequest,
    base: string,
    source: string,
    environment: Record<string, string>,
  ): Promise<BuildStatus> {
    const { build, project, log, signal } = request;
    const script = join(base, 'build.sh');
    // The shell itself must outlive a stopped command, so that nothing the build started escapes the clean-up.
    await writeFile(script, `trap 'exit 143' TERM INT\n${renderBuildScript(project.buildspec)}`, { mode: 0o600 });
    const { state, read } = followReports(request);
    const shell = await props.programs.start({
      command: 'bash',
      parameters: [script],
      directory: source,
      variables: environment,
      reports: true,
      // What still runs when the shell is done would keep its outputs open, and its container would be gone in AWS.
      endsGroup: true,
      onOutput: (name, bytes) => (name === 'reports' ? read(bytes) : log.write(bytes)),
    });
    const stop = () => stopShell(shell, props);
    signal.addEventListener('abort', stop, { once: true });
    const forgetTimeout = clock.at(clock.now() + build.timeoutInMinutes * 60_000, () => {
      state.timedOut = true;
      stop();
    });
    if (signal.aborted) stop();
    const exitCode = (await shell.ended) ?? 1;
    forgetTimeout();
    signal.removeEventListener('abort', stop);
    if (signal.aborted) return 'STOPPED';
    if (state.timedOut) {
      endPhase(build, 'TIMED_OUT', { statusCode: 'BUILD_TIMED_OUT', message: 'Build has timed out.' });
      return 'TIMED_OUT';
    }
    if (!state.ended) failCommand(build, state.lastCommand, exitCode);
    return state.ended && !state.failed ? 'SUCCEEDED' : 'FAILED';
  }

  async function runPhases(request: RunRequest, base: string): Promise<Exclude<BuildStatus, 'IN_PROGRESS'>> {
    const { build, project, save } = request;
    const enter = (phase: BuildPhase) => {
      beginPhase(build, phase);
      save();
    };
    enter('PROVISIONING');
    provision(request);
    enter('DOWNLOAD_SOURCE');
    const source = await fetchPrimarySource(request, base);
    const secondary: Record<string, string> = {};
    for (const { type, location, sourceIdentifier } of project.secondarySources) {
      secondary[sourceIdentifier] = await layOutAsset(request, { type, location });
    }
    if (build.source.type !== S3_SOURCE)
      await props.onSourceReady?.({ directory: source, secondary, variables: request.variables });
    if (request.signal.aborted) return 'STOPPED';
    const status = await runShell(request, base, source, await buildVariables(request, source, secondary));
    if (status === 'IN_PROGRESS') throw new Error(`build ${build.id} ended while in progress`);
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

interface ShellState {
  lastCommand: string;
  failed: boolean;
  /** The shell reached its end; otherwise a command ended the shell itself. */
  ended: boolean;
  timedOut?: boolean;
}

function failCommand(build: BuildRecord, command: string, exitCode: number): void {
  const message = `Error while executing command: ${command}. Reason: exit status ${exitCode}`;
  endPhase(build, 'FAILED', { statusCode: 'COMMAND_EXECUTION_ERROR', message });
}

function stopShell(
  { pid, ended }: RunningProgram,
  { clock, stopGraceMs }: Pick<BuildRunnerProps, 'clock' | 'stopGraceMs'>,
): void {
  signalGroup(pid, 'SIGTERM');
  const spare = clock.at(clock.now() + stopGraceMs, () => {
    killTree(pid).catch(() => signalGroup(pid, 'SIGKILL'));
  });
  ended.then(spare, spare);
}
