import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';

/** One run of the engine. */
export interface EngineStep {
  readonly arguments: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Standard input of the engine; empty by default. */
  readonly input?: Buffer;
  /** File that receives the output unchanged. Without it, `onLine` gets each line. */
  readonly outputFile?: string;
  readonly onLine?: (line: string) => void;
  /** Interrupts the engine when it aborts. */
  readonly stop?: AbortSignal;
}

export interface EngineExit {
  readonly exitCode: number;
  readonly errorOutput: string;
}

/** Terraform or OpenTofu, of one version. */
export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  run(step: EngineStep): Promise<EngineExit>;
}

/**
 * Runs the binary of an engine in a process group of its own. The engine gets exactly one interrupt, however many
 * signals the build receives: it then ends what it is doing, saves the state and unlocks it. A second interrupt would
 * make it give up at once.
 */
export function runEngineBinary(
  binary: string,
  { arguments: given, directory, environment, input, outputFile, onLine, stop }: EngineStep,
): Promise<EngineExit> {
  const output = outputFile === undefined ? undefined : openSync(outputFile, 'w', 0o600);
  const child = spawn(binary, given, {
    cwd: directory,
    env: environment,
    stdio: [input === undefined ? 'ignore' : 'pipe', output ?? 'pipe', 'pipe'],
    detached: true,
  });
  if (output !== undefined) closeSync(output);
  // If the engine ends before it has read all of its input, its exit code says what that means.
  child.stdin?.on('error', () => undefined).end(input);
  const interrupt = () => void child.kill('SIGINT');
  if (stop?.aborted) interrupt();
  stop?.addEventListener('abort', interrupt, { once: true });
  const linesEnd = new Promise<void>((resolve) => {
    if (!child.stdout) return resolve();
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => onLine?.(line));
    lines.on('close', resolve);
  });
  const errorOutput: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => errorOutput.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    // An engine that is stopped kills the shell of a provisioner, but not the processes that the shell has started.
    child.on('exit', () => killGroup(child.pid));
    child.on('close', (code, signal) => {
      stop?.removeEventListener('abort', interrupt);
      const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
      linesEnd.then(() => resolve({ exitCode, errorOutput: Buffer.concat(errorOutput).toString('utf8') }), reject);
    });
  });
}

function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // No process of the group is left.
  }
}
