import { readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

export const isInside = (directory: string, path: string): boolean =>
  path === directory || path.startsWith(directory + sep);

/** Returns whether a link stays inside of a directory by its text alone, for any path and name of the directory. */
function staysInside(directory: string, from: string, link: string): boolean {
  const place = join(relative(directory, dirname(from)), link);
  return !isAbsolute(link) && place !== '..' && !place.startsWith(`..${sep}`);
}

function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * Returns what is at a path, with links followed. Links to nowhere and in a circle lead to nothing, and so do paths that
 * the operating system does not take: names in a configuration may be anything.
 */
export function kindAt(path: string): 'file' | 'directory' | undefined {
  const found = orUndefined(() => statSync(path));
  return found?.isFile() ? 'file' : found?.isDirectory() ? 'directory' : undefined;
}

// Node's own realpath resolves ".." after a link by the text of the path. The operating system and the engine do not.
const realPathOf = (path: string): string | undefined => orUndefined(() => realpathSync.native(path));

/** Returns the real path of something, with links followed, or undefined if it is missing or outside of a directory. */
export function realPathInside(directory: string, path: string): string | undefined {
  const real = realPathOf(path);
  return real !== undefined && isInside(realpathSync.native(directory), real) ? real : undefined;
}

/**
 * Returns whether something lies outside of a directory, by its path or by a link on the way. A link to nowhere is
 * judged by its text.
 */
export function leadsOut(directory: string, path: string): boolean {
  if (realPathOf(path) !== undefined) return realPathInside(directory, path) === undefined;
  const link = orUndefined(() => readlinkSync(path));
  return !isInside(directory, path) || (link !== undefined && !staysInside(directory, path, link));
}

/** Returns whether a link stays inside of a directory: by its text, on any machine, and also with links followed. */
export const isOwnLink = (directory: string, path: string): boolean =>
  staysInside(directory, path, readlinkSync(path)) && !leadsOut(directory, path);
