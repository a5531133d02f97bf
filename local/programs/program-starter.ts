import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { OutputName, StarterMessage, StartMessage } from './starter-messages.ts';

export interface Program extends Omit<StartMessage, 'id'> {
  readonly onOutput: (name: OutputName, bytes: Uint8Array) => void;
}

export interface RunningProgram {
  /** The process id, which is also the id of its process group. */
  readonly pid: number;
  /** Resolves when the program's outputs are closed: to its exit code, or to undefined when a signal ended it. */
  readonly ended: Promise<number | undefined>;
}

export interface ProgramStarter {
  /**
   * Starts a program. Rejects when there is no such program. Also rejects after `stop`, because nothing would end the
   * program then.
   */
  start(program: Program): Promise<RunningProgram>;
  stop(): Promise<void>;
}

interface Watched {
  readonly onOutput: Program['onOutput'];
  readonly started: PromiseWithResolvers<RunningProgram>;
  readonly ended: PromiseWithResolvers<number | undefined>;
}

/**
 * Starts programs from a small process beside this one. Starting a program copies the page tables of the process that
 * starts it: in the local cloud, which has a thread for each function, that takes about 0.1 s in which the process can
 * do nothing else.
 */
export function createProgramStarter(): ProgramStarter {
  const watched = new Map<number, Watched>();
  let count = 0;
  let starter: ChildProcess | undefined;
  let isStopped = false;

  const forget = (id: number): Watched | undefined => {
    const found = watched.get(id);
    watched.delete(id);
    // The channel keeps this process alive only while a program runs.
    if (watched.size === 0) starter?.channel?.unref();
    return found;
  };
  const hear = (message: StarterMessage): void => {
    switch (message.kind) {
      case 'started': {
        const program = watched.get(message.id);
        program?.started.resolve({ pid: message.pid, ended: program.ended.promise });
        break;
      }
      case 'failed':
        forget(message.id)?.started.reject(new Error(message.reason));
        break;
      case 'output':
        watched.get(message.id)?.onOutput(message.name, message.bytes);
        break;
      case 'ended':
        forget(message.id)?.ended.resolve(message.code);
        break;
    }
  };
  const launch = (): ChildProcess => {
    const child = fork(fileURLToPath(new URL('./starter-process.mjs', import.meta.url)), [], {
      detached: true,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.unref();
    child.channel?.unref();
    child.on('message', hear);
    const lose = (): void => {
      if (starter === child) starter = undefined;
      for (const id of [...watched.keys()]) {
        const program = forget(id);
        const problem = new Error('the process that starts programs has ended');
        program?.started.reject(problem);
        program?.ended.reject(problem);
      }
    };
    child.once('error', lose);
    child.once('exit', lose);
    return child;
  };
  starter = launch();

  return {
    async start({ onOutput, ...program }) {
      if (isStopped) throw new Error(`starting ${program.command}: the local cloud has stopped`);
      starter ??= launch();
      const id = ++count;
      const added: Watched = { onOutput, started: Promise.withResolvers(), ended: Promise.withResolvers() };
      // A caller that waits for the start gets the same error there.
      added.ended.promise.catch(() => {});
      watched.set(id, added);
      starter.channel?.ref();
      // `process.env` itself cannot be sent.
      const message: StartMessage = { id, ...program, variables: { ...program.variables } };
      starter.send(message, (error) => {
        if (error) forget(id)?.started.reject(error);
      });
      return added.started.promise;
    },
    async stop() {
      isStopped = true;
      const child = starter;
      starter = undefined;
      if (!child?.connected) return;
      const exit = once(child, 'exit');
      child.ref();
      child.disconnect();
      await exit;
    },
  };
}

export interface ProgramResult {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program until it ends; when `signal` aborts, the program gets SIGTERM. */
export async function runProgram(
  starter: ProgramStarter,
  program: Omit<Program, 'onOutput' | 'reports' | 'endsGroup'>,
  signal?: AbortSignal,
): Promise<ProgramResult> {
  signal?.throwIfAborted();
  const outputs: Record<OutputName, Uint8Array[]> = { stdout: [], stderr: [], reports: [] };
  const onOutput: Program['onOutput'] = (name, bytes) => void outputs[name].push(bytes);
  const { pid, ended } = await starter.start({ ...program, reports: false, endsGroup: false, onOutput });
  const end = (): void => signalGroup(pid, 'SIGTERM');
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  const code = await ended.finally(() => signal?.removeEventListener('abort', end));
  signal?.throwIfAborted();
  const text = (name: OutputName): string => Buffer.concat(outputs[name]).toString('utf8');
  return { code, stdout: text('stdout'), stderr: text('stderr') };
}

/** Sends a signal to the process group of a program, which may have ended already. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // No process of the group runs any more.
  }
}
