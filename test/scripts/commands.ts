import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { CommandLine } from '../../scripts/command-line.ts';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs what is behind a command in this process: rules about arguments and files need no process of their own. */
export async function runHere(
  command: (line: CommandLine) => number | Promise<number>,
  directory: string,
  args: readonly string[],
): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  const status = await command({
    args: [...args],
    directory,
    print: (words) => {
      stdout += words;
    },
    complain: (words) => {
      stderr += words;
    },
  });
  return { status, stdout, stderr };
}

/** Starts a script as npm does: in the repository, told where it was called. */
export async function start(
  script: string,
  directory: string,
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>> = {},
): Promise<Outcome> {
  const root = join(import.meta.dirname, '..', '..');
  const child = spawn(process.execPath, [join(root, 'scripts', script), ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, INIT_CWD: directory, ...variables },
  });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status, stdout, stderr };
}
