import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, unlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describeError, PhaseError } from '../build/failure.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { ENGINE_DIRECTORY } from '../configuration/engine-files.ts';
import { isOwnLink } from '../configuration/places.ts';
import { quotePath } from '../engine/plan-file/strict-text.ts';
import { type Archive, pack, unpack } from './archive.ts';
import { hasOneHeader } from './carried-names.ts';

/** Properties of a file or link at the time when the archive was made. A write changes at least one of them. */
interface Seen {
  readonly size: number;
  readonly changedAt: number;
  /** The target of a link, as it is written in the link. */
  readonly link: string | undefined;
}

/** The largest packed tree, in bytes. A repository with modules that needs more is not just configuration. */
export const MOST_TREE_BYTES = 1024 * 1024 * 1024;

/**
 * Removes the links that lead out of the tree, which modules bring along, and returns their paths in the tree. No build
 * can unpack such links elsewhere, so the plan must do without them, too.
 */
export function removeForeignLinks({ tree }: WorkPaths): readonly string[] {
  const isForeign = (path: string) => lstatSync(path).isSymbolicLink() && !isOwnLink(tree, path);
  // All of them are found before any is removed, because one link may lead through another.
  const foreign = listTree(tree).filter(isForeign);
  for (const path of foreign) unlinkSync(path);
  return foreign.map((path) => relative(tree, path));
}

/** Everything that is planned and applied, as it was before any code of the repository ran. */
export interface TreeArchive extends Archive {
  /** The files and links of the tree, by their paths in it. */
  readonly files: ReadonlyMap<string, Seen>;
}

/**
 * Packs the tree as `init` left it, with the files that this program wrote beside it. Modules are packed, because
 * the apply reads their files again and a branch may have moved on since the plan. Providers are not: the lock file
 * names them.
 */
export async function packTree(paths: WorkPaths): Promise<TreeArchive> {
  const listed = listTree(paths.tree);
  const files = new Map(listed.map((path) => [relative(paths.tree, path), look(path)]));
  for (const [path, seen] of files) requireOneHeader(path, seen, relative(paths.base, paths.tree));
  const own = [paths.engine, paths.backendArguments, paths.generatedVariables];
  const archive = await pack(
    paths.base,
    [...own, ...listed].map((path) => relative(paths.base, path)),
  );
  return { ...archive, files };
}

/** Unpacks the tree to the paths from which it was packed. Throws PhaseError `bundle-refused`. */
export const unpackTree = (bytes: Buffer, paths: WorkPaths): Promise<void> =>
  unpack(bytes, paths.base).catch((error: unknown) => {
    throw new PhaseError('bundle', `the tree that was planned cannot be laid out (${describeError(error)})`, {
      reason: 'bundle-refused',
    });
  });

/** What a plan added to the tree: paths in the tree. */
interface AddedToTree {
  readonly added: readonly string[];
  /** Links that the plan added. They are never followed, and not carried to the apply. */
  readonly addedLinks: readonly string[];
}

/**
 * Returns what a plan added to the tree since it was packed. Throws PhaseError if the plan changed files that the
 * commit has: the apply gets these from the commit, so it could not apply what was planned.
 */
export async function addedSince(archive: TreeArchive, paths: WorkPaths): Promise<AddedToTree> {
  const { touched, ...added } = compare(archive, paths);
  const changed = touched.length === 0 ? [] : await changedAmong(touched, archive, paths);
  if (changed.length === 0) return added;
  const told = changed.slice(0, MOST_TOLD).map(quotePath);
  const more = changed.length > MOST_TOLD ? ` and ${changed.length - MOST_TOLD} more` : '';
  throw new PhaseError(
    'bundle',
    `the plan changed ${told.join(', ')}${more}, which the commit has: a plan may add files, and what it is applied with is the commit`,
    { reason: 'tree-changed' },
  );
}

const MOST_TOLD = 5;

/** Compares the tree with its archive. `touched`: paths that were written to, whether or not their contents changed. */
function compare({ files }: TreeArchive, { tree }: WorkPaths): AddedToTree & { readonly touched: readonly string[] } {
  const found = listTree(tree).map((path) => ({
    name: relative(tree, path),
    seen: files.get(relative(tree, path)),
    path,
  }));
  const unknown = found.filter(({ seen }) => seen === undefined);
  const isLink = ({ path }: { readonly path: string }) => lstatSync(path).isSymbolicLink();
  const namesOf = (entries: typeof found) => entries.map(({ name }) => name);
  return {
    added: namesOf(unknown.filter((entry) => !isLink(entry))),
    addedLinks: namesOf(unknown.filter(isLink)),
    touched: namesOf(found.filter(({ seen, path }) => seen !== undefined && !isDeepStrictEqual(seen, look(path)))),
  };
}

/** Returns those of the touched paths whose contents differ from the packed ones. */
async function changedAmong(
  touched: readonly string[],
  { bytes, files }: TreeArchive,
  paths: WorkPaths,
): Promise<string[]> {
  mkdirSync(paths.before, { recursive: true });
  await unpack(bytes, paths.before);
  const packed = join(paths.before, relative(paths.base, paths.tree));
  return touched.filter((path) => {
    const now = join(paths.tree, path);
    const link = files.get(path)?.link;
    return link === undefined ? !isSameFile(join(packed, path), now) : linkAt(now) !== link;
  });
}

const isSameFile = (packed: string, now: string): boolean =>
  lstatSync(now).isFile() && readFileSync(packed).equals(readFileSync(now));

const linkAt = (path: string): string | undefined =>
  lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;

function look(path: string): Seen {
  const { size, ctimeMs } = lstatSync(path);
  return { size, changedAt: ctimeMs, link: linkAt(path) };
}

/** Lists files and links. Leaves out git's history and what the engine can fetch again. */
function listTree(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    requireText(path, entry.name);
    if (entry.name === '.git') return [];
    if (entry.name === ENGINE_DIRECTORY && entry.isDirectory()) return listModules(path);
    if (entry.isDirectory()) return listTree(path);
    return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
  });
}

/** Refuses an entry that would not be unpacked as it was packed. Only modules have one: a checkout was copied without. */
function requireOneHeader(path: string, { link, size }: Seen, tree: string): void {
  if (hasOneHeader({ path, size, ...(link !== undefined && { link }) }, tree)) return;
  throw new PhaseError(
    'bundle',
    `the repository has ${quotePath(path)}: no archive can carry its line break beside long or foreign characters`,
    { reason: 'bundle-refused' },
  );
}

const NO_TEXT = '\uFFFD';

/** Refuses a name that is not UTF-8. Node.js reads such a name as another one, under which no file exists. */
function requireText(path: string, name: string): void {
  if (!name.includes(NO_TEXT) || lstatSync(path, { throwIfNoEntry: false })) return;
  throw new PhaseError('bundle', `the repository has ${quotePath(name)}, a name that is no UTF-8`, {
    reason: 'bundle-refused',
  });
}

const listModules = (engineDirectory: string): string[] =>
  readdirSync(engineDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name === 'modules')
    .flatMap(({ name }) => listTree(join(engineDirectory, name)));
