import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MOST_COMMIT_BYTES, readCommit } from '../../../lambdas/domain/contract/commit-facts.ts';
import type { PlanBuild } from '../build/run-build.ts';

/** Milliseconds for git: enough for a large repository on a slow disk. A build does not fail if git takes longer. */
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

/**
 * Returns the object of the deployed commit in base64, which contains the commit's message and author. If there is no
 * repository, git or commit, logs the reason and returns undefined: the build goes on without it.
 *
 * `cat-file` prints what is stored. Settings, notes, mailmaps and replacements of the repository do not change that,
 * and `cat-file` runs no other program. Git accepts a repository of any owner if it is named by its path.
 */
export async function readCommitObject(build: PlanBuild): Promise<string | undefined> {
  const { CODEBUILD_SRC_DIR: checkout, PATH } = build.machine.environment;
  const { STAGEGATE_COMMIT: commit } = build.variables;
  const unread = (why: string) => void build.log(`message and author of commit ${commit} are not read: ${why}`);
  if (!checkout) return unread('there is no source');
  const repository = join(checkout, '.git');
  if (!existsSync(repository)) return unread('the source has no repository');
  try {
    const { stdout } = await promisify(execFile)('git', [`--git-dir=${repository}`, 'cat-file', 'commit', commit], {
      encoding: 'buffer',
      maxBuffer: MOST_COMMIT_BYTES,
      timeout: PATIENCE_MS,
      cwd: checkout,
      signal: build.machine.stop,
      env: { PATH, ...GIT_VARIABLES },
    });
    return readCommit(stdout, commit) ? stdout.toString('base64') : unread('what git shows is not that commit');
  } catch (error) {
    return unread(reasonOf(error));
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'git is not on this machine',
  128: 'the repository does not have it',
  ERR_CHILD_PROCESS_STDIO_MAXBUFFER: `it is larger than ${MOST_COMMIT_BYTES} bytes`,
};

/** Returns why git failed, by the way in which it ended. What git prints about a repository could be anything. */
function reasonOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return REASONS[String(code)] ?? `git ended with ${code ?? 'a signal'}`;
}
