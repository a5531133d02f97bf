import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

export const isInside = (directory: string, path: string): boolean =>
  path === directory || path.startsWith(directory + sep);

/** Whether a link stays inside of a directory, going by its text alone, wherever that directory is and whatever it is called. */
function staysInside(directory: string, from: string, link: string): boolean {
  const place = join(relative(directory, dirname(from)), link);
  return !isAbsolute(link) && place !== '..' && !place.startsWith(`..${sep}`);
}

function orUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

// Node's own realpath takes ".." behind a link by the text of the path; the system, and the engine, do not.
const realPathOf = (path: string): string | undefined => orUndefined(() => realpathSync.native(path));

/** Where something really is, links followed; undefined where that is outside of a directory, or nowhere. */
export function realPathInside(directory: string, path: string): string | undefined {
  const real = realPathOf(path);
  return real !== undefined && isInside(realpathSync.native(directory), real) ? real : undefined;
}

/** Whether something lies outside of a directory, by its path or by a link on the way. A link to nowhere goes by its text. */
export function leadsOut(directory: string, path: string): boolean {
  if (realPathOf(path) !== undefined) return realPathInside(directory, path) === undefined;
  const link = orUndefined(() => readlinkSync(path));
  return !isInside(directory, path) || (link !== undefined && !staysInside(directory, path, link));
}

/** Whether a link stays inside of a directory by its text, for every machine, and by where it leads through others. */
export const isOwnLink = (directory: string, path: string): boolean =>
  staysInside(directory, path, readlinkSync(path)) && !leadsOut(directory, path);
