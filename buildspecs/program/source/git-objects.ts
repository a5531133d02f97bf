import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Milliseconds for git: enough for a large repository on a slow disk. */
const PATIENCE_MS = 60_000;

/** With these, git reads no settings except the repository's own, fetches nothing, asks nothing and writes nothing. */
const GIT_VARIABLES = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ALLOW_PROTOCOL: '',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C',
};

/** A checkout, and what git needs of the machine. */
export interface GitRepository {
  /** Directory of the checkout. Its repository is in `.git`. */
  readonly checkout: string;
  readonly PATH: string | undefined;
  readonly stop: AbortSignal;
}

/** Thrown when git did not show an object. The message says why, without anything that git printed. */
export class GitObjectError extends Error {
  override readonly name = 'GitObjectError';
}

/**
 * Runs a command of git that prints objects of a checkout's repository, and returns its output. Throws GitObjectError.
 *
 * Use it only for commands that run no other program and that print what is stored, whatever the repository's settings,
 * notes, mailmaps and replacements say. Git accepts a repository of any owner if it is named by its path.
 */
export async function readGitObjects(
  { checkout, PATH, stop }: GitRepository,
  parameters: readonly string[],
  mostBytes: number,
): Promise<Buffer> {
  const repository = join(checkout, '.git');
  if (!existsSync(repository)) throw new GitObjectError('the source has no repository');
  try {
    const { stdout } = await promisify(execFile)('git', [`--git-dir=${repository}`, ...parameters], {
      encoding: 'buffer',
      maxBuffer: mostBytes,
      timeout: PATIENCE_MS,
      cwd: checkout,
      signal: stop,
      env: { PATH, ...GIT_VARIABLES },
    });
    return stdout;
  } catch (error) {
    throw new GitObjectError(reasonOf(error, mostBytes));
  }
}

/** Returns why git failed, by the way in which it ended. What git prints about a repository could be anything. */
function reasonOf(error: unknown, mostBytes: number): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'git is not on this machine';
  if (code === 128) return 'the repository does not have it';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `it is larger than ${mostBytes} bytes`;
  return `git ended with ${code ?? 'a signal'}`;
}
