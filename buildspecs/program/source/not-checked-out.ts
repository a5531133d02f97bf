import { type GitRepository, readGitObjects } from './git-objects.ts';

/** The mode that git gives a directory of which it keeps only a commit of another repository. */
const GITLINK = Buffer.from('160000 ');
const TAB = '\t'.charCodeAt(0);
const NUL = 0;
/** A list of a million files of a config repository would be shorter. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Most bytes that the operating system takes for a name, and for a path. */
const LONGEST_NAME = 255;
const LONGEST_PATH = 4095;
const SLASH = '/'.charCodeAt(0);

/** What a checkout of a commit does not have, as paths in the repository, in the bytes of git. */
export interface NotCheckedOut {
  /** Their places are empty directories. */
  readonly submodules: readonly Buffer[];
  /** Files and links with a name, or a path, that the operating system does not take. */
  readonly tooLong: readonly Buffer[];
}

/**
 * Lists what a checkout of a commit does not have. It is read from the commit's own trees: `.gitmodules` may lack
 * submodules, and a checkout says nothing of what it could not write. Throws GitObjectError.
 */
export async function listNotCheckedOut(repository: GitRepository, commit: string): Promise<NotCheckedOut> {
  const listed = await readGitObjects(
    repository,
    ['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit],
    MOST_BYTES,
  );
  const submodules: Buffer[] = [];
  const tooLong: Buffer[] = [];
  for (let start = 0, end = listed.indexOf(NUL); end >= 0; start = end + 1, end = listed.indexOf(NUL, start)) {
    const entry = listed.subarray(start, end);
    const path = entry.subarray(entry.indexOf(TAB) + 1);
    if (entry.subarray(0, GITLINK.length).equals(GITLINK)) submodules.push(path);
    else if (isTooLong(path)) tooLong.push(path);
  }
  return { submodules, tooLong };
}

function isTooLong(path: Buffer): boolean {
  if (path.length <= LONGEST_NAME) return false;
  if (path.length > LONGEST_PATH) return true;
  for (let start = 0, end = path.indexOf(SLASH); ; start = end + 1, end = path.indexOf(SLASH, start)) {
    if ((end < 0 ? path.length : end) - start > LONGEST_NAME) return true;
    if (end < 0) return false;
  }
}
