import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';

/** Most bytes of a path that the operating system takes. */
const MOST_PATH_BYTES = 4095;
/** Bytes that are kept free for paths of a tree in other directories of a build. */
const ROOM = 64;

/** Most characters of a path, and most bytes of a file, that fit into the plain header of an archive's entry. */
const MOST_PLAIN_CHARACTERS = 100;
const MOST_PLAIN_BYTES = 0o77777777777;
const LINE_BREAK = '\n';

/** A file, directory or link, by its path in the tree. `link` is the target of a link. */
interface Entry {
  readonly path: string;
  readonly link?: string;
  readonly size?: number;
}

/**
 * Returns whether an entry is unpacked as it was packed. What does not fit into the plain header goes into an extended
 * one, and the library reads that line by line: a line of a name or of a link could give the entry any path.
 * `tree`: directory of the tree in the archive.
 */
export function hasOneHeader({ path, link = '', size = 0 }: Entry, tree: string): boolean {
  const texts = [join(tree, path), link];
  const isPlain = (text: string) => text.length <= MOST_PLAIN_CHARACTERS && Buffer.byteLength(text) === text.length;
  return !texts.some((text) => text.includes(LINE_BREAK)) || (texts.every(isPlain) && size <= MOST_PLAIN_BYTES);
}

/** Why no archive can carry an entry. */
export const BAD_LINE_BREAK = 'has a line break beside long or foreign characters';

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
  const entry = { path: path.toString(), ...(link && { link: link.toString() }) };
  return hasOneHeader(entry, archived) ? undefined : BAD_LINE_BREAK;
}
