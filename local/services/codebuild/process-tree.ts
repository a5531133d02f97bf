import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_AGAIN_MS = 20;

interface RunningProcess {
  readonly id: number;
  readonly parent: number;
  readonly command: string;
}

function listProcesses(): Promise<RunningProcess[]> {
  return new Promise((resolve, reject) => {
    execFile('ps', ['-A', '-ww', '-o', 'pid=,ppid=,command='], { maxBuffer: 2 ** 26 }, (error, stdout) => {
      if (error) {
        reject(error);
        return;
      }
      const processes = stdout.split('\n').flatMap((line) => {
        const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
        return match ? [{ id: Number(match[1]), parent: Number(match[2]), command: match[3] ?? '' }] : [];
      });
      resolve(processes);
    });
  });
}

/** Kills a process. Returns false when there was nothing to kill: a process may end by itself after it was listed. */
function kill(id: number): boolean {
  try {
    return process.kill(id, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Kills a process and all processes that it started, including those that left its process group. */
export async function killTree(root: number): Promise<void> {
  const processes = await listProcesses();
  const doomed = new Set([root]);
  let size: number;
  do {
    size = doomed.size;
    for (const { id, parent } of processes) if (doomed.has(parent)) doomed.add(id);
  } while (doomed.size > size);
  for (const id of doomed) kill(id);
}

/**
 * Kills the processes that builds of an earlier run left behind; they are recognized by files of the cloud's own
 * directories in their command lines. Resolves when none of them runs any more, including processes that were started
 * during the killing: a process that is about to end may still write for a while.
 */
export async function killLeftovers(directories: readonly string[]): Promise<void> {
  const isLeftover = ({ id, command }: RunningProcess): boolean =>
    id !== process.pid && directories.some((directory) => command.includes(directory));
  while ((await listProcesses()).filter(isLeftover).filter(({ id }) => kill(id)).length > 0) await delay(LOOK_AGAIN_MS);
}
