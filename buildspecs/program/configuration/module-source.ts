/** Reasons to refuse a source. */
export const OUTSIDE = 'lies outside of the repository';
export const COMMAND = 'runs a command';

/**
 * Returns a relative source as a path with forward slashes, which starts at the directory that names the source.
 * Returns undefined for sources of other kinds.
 */
export const relativePathOf = (source: string): string | undefined =>
  /^\.{1,2}[/\\]/.test(source) ? source.replaceAll('\\', '/') : undefined;

/** A prefix like `git::`, which says how an address is fetched. Git itself reads one more such prefix after it. */
const FETCHED_BY = /^([a-z\d]+)::(.*)$/is;
const ABSOLUTE = /^(?:[/\\]|[a-z]:[/\\]|file:)/i;

/** Returns why no module may come from a source, or from any source that begins with this text, or undefined. */
export function refusalOf(source: string): string | undefined {
  const [, by, address = ''] = FETCHED_BY.exec(source.trim()) ?? [];
  if (by === undefined) return ABSOLUTE.test(source.trim()) ? OUTSIDE : undefined;
  if (by.toLowerCase() === 'ext') return COMMAND;
  return by.toLowerCase() === 'file' ? OUTSIDE : refusalOf(address);
}
