import { execFile } from 'node:child_process';

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

/** A process may end by itself between being listed and being killed. */
function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch {
    // Already gone, which is what was wanted.
  }
}

/** Kills a process and everything it started, also what left its process group. */
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

/** Kills what builds of an earlier run left behind: their command lines name files below the cloud's own directory. */
export async function killLeftovers(directory: string): Promise<void> {
  const processes = await listProcesses();
  for (const { id, command } of processes) {
    if (id !== process.pid && command.includes(directory)) kill(id);
  }
}
