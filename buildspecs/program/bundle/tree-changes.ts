import { lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PhaseError } from '../build/failure.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { MODULES } from '../configuration/engine-files.ts';
import { quotePath } from '../engine/plan-file/strict-text.ts';
import { unpack } from './archive.ts';
import { tellPaths } from './tell-paths.ts';
import { linkAt, listTree, look, type Seen, type TreeArchive } from './tree-archive.ts';

/** What a plan added to the tree: paths in the tree. */
export interface AddedToTree {
  /** Files, and directories with nothing in them; the path of a directory ends with a slash. */
  readonly added: readonly string[];
  /** Links that the plan added. They are never followed, and not carried to the apply. */
  readonly addedLinks: readonly string[];
}

/** What a plan did to the files of the tree: paths in the tree. */
interface Compared extends AddedToTree {
  /** What was written to, whether or not its contents changed. */
  readonly touched: readonly string[];
  /** What something else has taken the place of. */
  readonly replaced: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Returns what a plan added to the tree since it was packed. Refuses a plan that changed or removed files of the commit or
 * of a module: the apply gets these as they were before, so it could not apply what was planned. A file that was written
 * again with the bytes that it had is no change. `refuse` throws unless the plan may go on.
 */
export async function addedSince(
  archive: TreeArchive,
  paths: WorkPaths,
  refuse: (refusal: PhaseError) => void = raise,
): Promise<AddedToTree> {
  const { touched, replaced, removed, ...added } = compare(archive, paths);
  const changed = touched.length === 0 ? [] : await changedAmong(touched, archive, paths);
  const done = [
    { what: 'changed', names: [...changed, ...replaced] },
    { what: 'removed', names: removed },
  ].filter(({ names }) => names.length > 0);
  if (done.length === 0) return added;
  const told = done.map(({ what, names }) => `${what} ${tellPaths(names, quotePath)}`).join(' and ');
  refuse(
    new PhaseError(
      'bundle',
      `the plan ${told}, which ${ownersOf(done.flatMap(({ names }) => names))} has: a plan may add files, and what it is applied with is the commit. Let it write to another path, or commit what it writes`,
      { reason: 'tree-changed' },
    ),
  );
  return added;
}

function raise(refusal: PhaseError): never {
  throw refusal;
}

function ownersOf(names: readonly string[]): string {
  const ofModules = names.filter((name) => `/${name}`.includes(`/${MODULES}/`));
  if (ofModules.length === 0) return 'the commit';
  return ofModules.length === names.length ? 'a module' : 'the commit or a module';
}

function compare({ files }: TreeArchive, { tree }: WorkPaths): Compared {
  const found = new Map(listTree(tree).map((entry) => [relative(tree, entry.path), entry]));
  const unknown = [...found].filter(([name]) => !files.has(name));
  const gone = [...files].filter(([name, seen]) => !found.has(name) && !isFilled(join(tree, name), seen));
  const isThere = (name: string) => lstatSync(join(tree, name), { throwIfNoEntry: false }) !== undefined;
  return {
    added: unknown.flatMap(([name, { kind }]) => (kind === 'link' ? [] : kind === 'directory' ? [`${name}/`] : [name])),
    addedLinks: unknown.flatMap(([name, { kind }]) => (kind === 'link' ? [name] : [])),
    touched: [...found].flatMap(([name, entry]) => {
      const seen = files.get(name);
      return seen && !isUntouched(seen, look(entry)) ? [name] : [];
    }),
    replaced: gone.flatMap(([name]) => (isThere(name) ? [name] : [])),
    removed: gone.flatMap(([name]) => (isThere(name) ? [] : [name])),
  };
}

/** Returns whether a directory that was empty has something in it now. It is not listed then. */
const isFilled = (path: string, { kind }: Seen): boolean =>
  kind === 'directory' && lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const isUntouched = (seen: Seen, now: Seen): boolean =>
  seen.kind === 'directory' ? now.kind === 'directory' : isDeepStrictEqual(seen, now);

/** Returns those of the touched paths whose contents differ from the packed ones. */
async function changedAmong(
  touched: readonly string[],
  { bytes, files }: TreeArchive,
  paths: WorkPaths,
): Promise<string[]> {
  mkdirSync(paths.before, { recursive: true });
  await unpack(bytes, paths.before);
  const packed = join(paths.before, relative(paths.base, paths.tree));
  return touched.filter((name) => {
    const [before, now] = [join(packed, name), join(paths.tree, name)];
    const seen = files.get(name);
    if (seen?.kind === 'link') return linkAt(now) !== seen.link;
    return seen?.kind !== 'file' || !isSameFile(before, now);
  });
}

const isSameFile = (packed: string, now: string): boolean =>
  lstatSync(now).isFile() && readFileSync(packed).equals(readFileSync(now));
