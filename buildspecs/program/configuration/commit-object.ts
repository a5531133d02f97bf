import { MOST_COMMIT_BYTES, readCommit } from '../../../lambdas/domain/contract/commit-facts.ts';
import type { PlanBuild } from '../build/run-build.ts';
import { GitObjectError, readGitObjects } from '../source/git-objects.ts';

/**
 * Returns the object of the deployed commit in base64, which contains the commit's message and author. If there is no
 * repository, git or commit, logs the reason and returns undefined: the build goes on without it.
 */
export async function readCommitObject(build: PlanBuild): Promise<string | undefined> {
  const { CODEBUILD_SRC_DIR: checkout, PATH } = build.machine.environment;
  const { STAGEGATE_COMMIT: commit } = build.variables;
  // The words of this commit have been read when the tree was made.
  if (build.variables.STAGEGATE_KEPT_TREE) return undefined;
  const unread = (why: string) => void build.log(`message and author of commit ${commit} are not read: ${why}`);
  if (!checkout) return unread('there is no source');
  try {
    const repository = { checkout, PATH, stop: build.machine.stop };
    const object = await readGitObjects(repository, ['cat-file', 'commit', commit], MOST_COMMIT_BYTES);
    return readCommit(object, commit) ? object.toString('base64') : unread('what git shows is not that commit');
  } catch (error) {
    if (error instanceof GitObjectError) return unread(error.message);
    throw error;
  }
}
