import { type GitRepository, readGitObjects } from './git-objects.ts';

/** The mode that git gives a directory of which it keeps only a commit of another repository. */
const GITLINK = Buffer.from('160000 ');
const TAB = '\t'.charCodeAt(0);
const NUL = 0;
/** A list of a million files of a config repository would be shorter. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Lists the submodules of a commit, as paths in the repository, in the bytes of git. They are read from the commit's own
 * trees: `.gitmodules` may lack submodules, and the checkout has empty directories in their places.
 * Throws GitObjectError.
 */
export async function listGitlinks(repository: GitRepository, commit: string): Promise<readonly Buffer[]> {
  const listed = await readGitObjects(
    repository,
    ['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit],
    MOST_BYTES,
  );
  const paths: Buffer[] = [];
  for (let start = 0, end = listed.indexOf(NUL); end >= 0; start = end + 1, end = listed.indexOf(NUL, start)) {
    const entry = listed.subarray(start, end);
    if (entry.subarray(0, GITLINK.length).equals(GITLINK)) paths.push(entry.subarray(entry.indexOf(TAB) + 1));
  }
  return paths;
}
