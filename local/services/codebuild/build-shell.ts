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
  /** Time between SIGTERM and SIGKILL of a stopped build: an engine needs it to save and unlock its state. */
  readonly stopGraceMs: number;
  /** By which builds time out, and stopped ones are killed in the end. */
  readonly clock: Clock;
}

interface ShellPlace {
  /** The build's own directory. */
  readonly base: string;
  /** Where the commands start. */
  readonly source: string;
  readonly environment: Readonly<Record<string, string>>;
}

type ShellOutcome = Extract<BuildStatus, 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'STOPPED'>;

interface ShellState {
  lastCommand: string;
  failed: boolean;
  /** The shell reached its end; otherwise a command ended the shell itself. */
  ended: boolean;
  timedOut?: boolean;
}

const phaseTypes = { install: 'INSTALL', pre_build: 'PRE_BUILD', build: 'BUILD', post_build: 'POST_BUILD' } as const;

/** Runs the commands of the buildspec with bash, to their end or until the build is stopped or too late. */
export async function runShell(
  request: RunRequest,
  { base, source, environment }: ShellPlace,
  props: BuildShellProps,
): Promise<ShellOutcome> {
  const { build, project, log, signal } = request;
  const { clock } = props;
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
