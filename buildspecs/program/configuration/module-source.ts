/** Why a source is refused. */
export const OUTSIDE = 'lies outside of the repository';
const COMMAND = 'runs a command';

/** A path from the directory that names it, with forward slashes; undefined for sources of other kinds. */
export const relativePathOf = (source: string): string | undefined =>
  /^\.{1,2}[/\\]/.test(source) ? source.replaceAll('\\', '/') : undefined;

/** `git::` and the like say how an address is fetched; git itself reads one more of the kind. */
const FETCHED_BY = /^([a-z\d]+)::(.*)$/is;
const ABSOLUTE = /^(?:[/\\]|[a-z]:[/\\]|file:)/i;

/** Why no module may come from a source, or from any that begins like this; undefined if one may. */
export function refusalOf(source: string): string | undefined {
  const [, by, address = ''] = FETCHED_BY.exec(source.trim()) ?? [];
  if (by === undefined) return ABSOLUTE.test(source.trim()) ? OUTSIDE : undefined;
  if (by.toLowerCase() === 'ext') return COMMAND;
  return by.toLowerCase() === 'file' ? OUTSIDE : refusalOf(address);
}
