import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { type ProgramStarter, type RunningProgram, signalGroup } from '../../programs/program-starter.ts';
import { type BuildRecord, type BuildStatus, beginPhase, endPhase } from './build-record.ts';
import { parseReport, type Report, renderBuildScript } from './build-script.ts';
import { killTree } from './process-tree.ts';
import type { RunRequest } from './run-request.ts';

export interface BuildShellProps {
  readonly programs: ProgramStarter;
  /**
   * Milliseconds between SIGTERM and SIGKILL of a stopped build: Terraform or OpenTofu needs the time to save and
   * unlock its state.
   */
  readonly stopGraceMs: number;
  /** The clock for the timeout of builds and for killing stopped builds. */
  readonly clock: Clock;
}

interface ShellPlace {
  /** The build's own directory. */
  readonly base: string;
  /** The directory in which the commands start. */
  readonly source: string;
  readonly environment: Readonly<Record<string, string>>;
}

type ShellOutcome = Extract<BuildStatus, 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED'>;

interface ShellState {
  lastCommand: string;
  failed: boolean;
  /** True when the script reached its end; otherwise a command ended the shell itself. */
  ended: boolean;
  timedOut?: boolean;
}

const phaseTypes = { install: 'INSTALL', pre_build: 'PRE_BUILD', build: 'BUILD', post_build: 'POST_BUILD' } as const;

/** Runs the commands of the buildspec with bash until they end, or until the build is stopped or times out. */
export async function runShell(
  request: RunRequest,
  { base, source, environment }: ShellPlace,
  props: BuildShellProps,
): Promise<ShellOutcome> {
  const { build, project, log, signal } = request;
  const { clock } = props;
  const script = join(base, 'build.sh');
  // The shell itself must outlive a stopped command, so that the clean-up reaches every process that the build started.
  await writeFile(script, `trap 'exit 143' TERM INT\n${renderBuildScript(project.buildspec)}`, { mode: 0o600 });
  const { state, read } = followReports(request);
  const shell = await props.programs.start({
    command: 'bash',
    parameters: [script],
    directory: source,
    variables: environment,
    reports: true,
    // Processes that still run after the shell would keep its outputs open. In AWS they end with the container.
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

/** Follows the reports of the build's shell. The state contains the last command, for error messages. */
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

function failCommand(build: BuildRecord, command: string, exitCode: number): void {
  const message = `Error while executing command: ${command}. Reason: exit status ${exitCode}`;
  endPhase(build, 'FAILED', { statusCode: 'COMMAND_EXECUTION_ERROR', message });
}

function stopShell({ pid, ended }: RunningProgram, { clock, stopGraceMs }: BuildShellProps): void {
  signalGroup(pid, 'SIGTERM');
  const spare = clock.at(clock.now() + stopGraceMs, () => {
    killTree(pid).catch(() => signalGroup(pid, 'SIGKILL'));
  });
  ended.then(spare, spare);
}
