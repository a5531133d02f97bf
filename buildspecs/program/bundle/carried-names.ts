import { isUtf8 } from 'node:buffer';
import { join, posix, win32 } from 'node:path';

/** Most bytes of a path that the operating system takes. */
const MOST_PATH_BYTES = 4095;
/** Bytes that are kept free for paths of a tree in other directories of a build. */
const ROOM = 64;

/** Most characters of a path, and most bytes of a file, that fit into the plain header of an archive's entry. */
const MOST_PLAIN_CHARACTERS = 100;
const MOST_PLAIN_BYTES = 0o77777777777;
const LINE_BREAK = '\n';

/** A file or link, by its path in the tree. `link` is the target of a link. */
interface Entry {
  readonly path: string;
  readonly link?: string | undefined;
  readonly size?: number;
}

/**
 * Returns why an entry would not be unpacked as it was packed, or undefined. `tree`: directory of the tree in the archive.
 *
 * What does not fit into the plain header of an entry goes into an extended one, and the library reads that line by line:
 * a line of a name or of a link could give the entry any path. And the library takes backslashes for separators, on every
 * system, when it looks for ways out of the directory.
 */
export function objectionToEntry({ path, link = '', size = 0 }: Entry, tree: string): string | undefined {
  const texts = [join(tree, path), link];
  const isPlain = (text: string) => text.length <= MOST_PLAIN_CHARACTERS && Buffer.byteLength(text) === text.length;
  const isOneHeader = texts.every(isPlain) && size <= MOST_PLAIN_BYTES;
  if (texts.some((text) => text.includes(LINE_BREAK)) && !isOneHeader)
    return 'has a line break beside long or foreign characters';
  const isWayOut = partsOnWindows(path).includes('..') || leadsOutOnWindows(join(tree, path), link);
  return isWayOut ? 'has a backslash or colon that Windows would take for a way out of the repository' : undefined;
}

const partsOnWindows = (path: string): readonly string[] => path.replaceAll('\\', '/').split('/');

/** Links that lead out on any system are judged elsewhere. */
function leadsOutOnWindows(path: string, link: string): boolean {
  if (!/[\\:]/.test(link) || link.startsWith('/')) return false;
  const place = posix.join(posix.dirname(path), ...partsOnWindows(link));
  return win32.parse(link).root !== '' || place === '..' || place.startsWith('../');
}

/**
 * Returns why no build can have an entry of a commit under its own name, or undefined. Node.js and the archives of trees
 * know only names that are UTF-8. `directories`: absolute paths below which builds have the entry. `archived`: the name of
 * the tree in its archive.
 */
export function objectionToName(
  { path, link }: { readonly path: Buffer; readonly link?: Buffer },
  { directories, archived }: { readonly directories: readonly string[]; readonly archived: string },
): string | undefined {
  if (!isUtf8(path)) return 'has a name that is not UTF-8';
  if (link && !isUtf8(link)) return 'is a link to a name that is not UTF-8';
  const longest = Math.max(...directories.map((directory) => Buffer.byteLength(directory)));
  if (longest + 1 + path.length + ROOM > MOST_PATH_BYTES)
    return `has a path of ${path.length} bytes, which is too long for builds`;
  return objectionToEntry({ path: path.toString(), link: link?.toString() }, archived);
}
