import { type ChildProcess, spawn } from 'node:child_process';
import { freePort } from './free-port.ts';

export interface ServerProcess {
  readonly endpoint: string;
  stop(): Promise<void>;
}

interface Command {
  readonly command: string;
  readonly args: (port: number) => readonly string[];
  readonly cwd?: string;
}

/** The longest wait for a server. It matters only when a server hangs: the end of a server is noticed at once. */
const STARTUP_MS = 5 * 60_000;

/**
 * Starts a server on a free port of this machine and waits until it answers HTTP. It ends with the tests at the latest.
 */
export async function startServer({ command, args, cwd }: Command): Promise<ServerProcess> {
  const port = await freePort();
  const child = spawn(command, args(port), { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = `${complaints}${chunk.toString()}`.slice(-2000);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const endpoint = `http://127.0.0.1:${port}`;
  await answering(endpoint, child, () => complaints);
  return {
    endpoint,
    stop: async () => {
      process.removeListener('exit', kill);
      kill();
      await ended;
    },
  };
}

async function answering(endpoint: string, child: ChildProcess, complaints: () => string): Promise<void> {
  const deadline = Date.now() + STARTUP_MS;
  while (Date.now() < deadline) {
    const ending = child.exitCode ?? child.signalCode;
    if (ending !== null) throw new Error(`${child.spawnfile} ended with ${ending}: ${complaints()}`);
    try {
      await fetch(endpoint);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  child.kill('SIGKILL');
  throw new Error(`${child.spawnfile} does not answer at ${endpoint}: ${complaints()}`);
}
