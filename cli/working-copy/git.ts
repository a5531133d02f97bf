import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CommandError } from '../output/command-error.ts';

const run = promisify(execFile);

/** Runs git in a directory and returns what it prints, without the line end. Throws CommandError with git's own words. */
export async function git(directory: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await run('git', args, { cwd: directory, maxBuffer: 64 * 1024 * 1024 });
    return stdout.replace(/\n$/, '');
  } catch (error) {
    throw new CommandError('usage', `git ${args.join(' ')} in ${directory}: ${reasonOf(error)}`, {
      nextStep: 'Give the command in a working copy of the config repository.',
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return said.split('\n')[0] || error.message;
}
