import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, resolve, sep } from 'node:path';

export const isInside = (directory: string, path: string): boolean =>
  path === directory || path.startsWith(directory + sep);

/** Whether a link stays inside of a directory, going by its text alone. */
export const staysInside = (directory: string, from: string, link: string): boolean =>
  !isAbsolute(link) && isInside(directory, resolve(dirname(from), link));

function orUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Whether something lies outside of a directory, by its path or by a link on the way. A link to nowhere goes by its text. */
export function leadsOut(directory: string, path: string): boolean {
  // Node's own realpath takes ".." behind a link by the text of the path; the system, and the engine, do not.
  const real = orUndefined(() => realpathSync.native(path));
  if (real !== undefined) return !isInside(realpathSync.native(directory), real);
  const link = orUndefined(() => readlinkSync(path));
  return !isInside(directory, path) || (link !== undefined && !staysInside(directory, path, link));
}
