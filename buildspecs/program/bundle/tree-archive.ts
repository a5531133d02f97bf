import { isUtf8 } from 'node:buffer';
import { chmodSync, lstatSync, readdirSync, readlinkSync, rmSync, unlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describeError, PhaseError } from '../build/failure.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { ENGINE_DIRECTORY, isOfEngine } from '../configuration/engine-files.ts';
import { isOwnLink } from '../configuration/places.ts';
import { quotePath } from '../engine/plan-file/strict-text.ts';
import { quoteBytes } from '../source/quote-bytes.ts';
import { type Archive, pack, unpack } from './archive.ts';
import { objectionToEntry } from './carried-names.ts';
import { DIRECTORY_MODE, fileMode } from './modes.ts';

/** Something in the tree. A directory is listed if nothing in it is. */
interface Entry {
  readonly kind: 'file' | 'link' | 'directory';
  readonly path: string;
}

/** Properties of something at the time when the archive was made. A write to a file or link changes at least one. */
export interface Seen {
  readonly kind: Entry['kind'];
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
export function removeForeignLinks({ tree }: Pick<WorkPaths, 'tree'>): readonly string[] {
  const isForeign = ({ kind, path }: Entry) => kind === 'link' && !isOwnLink(tree, path);
  // All of them are found before any is removed, because one link may lead through another.
  const foreign = listTree(tree).filter(isForeign);
  for (const { path } of foreign) unlinkSync(path);
  return foreign.map(({ path }) => relative(tree, path));
}

/**
 * Removes what modules bring along and no apply gets: git's history, and what engines keep for themselves. A plan over
 * all files of a module must not find more than its apply. What `init` made for the planned directory stays.
 */
export function removeUncarried({ tree, directory }: Pick<WorkPaths, 'tree' | 'directory'>): void {
  const open = [tree];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      const path = join(place, entry.name);
      if (!isUncarried(path)) {
        if (entry.isDirectory()) open.push(path);
      } else if (place !== join(directory, ENGINE_DIRECTORY)) rmSync(path, { recursive: true, force: true });
    }
  }
}

/** Returns whether something is git's history, or what the engine fetches or writes again in each build. */
const isUncarried = (path: string): boolean => basename(path) === '.git' || isOfEngine(path);

/**
 * Gives files and directories of the tree the modes that they will have in the apply, whatever an archive from which
 * `init` took a module says: what is made of a file during the plan may depend on its mode.
 */
export function settleModes({ tree }: Pick<WorkPaths, 'tree'>): void {
  const listed = listTree(tree);
  for (const { kind, path } of listed) if (kind === 'file') giveMode(path, fileMode);
  const named = new Map(listed.map((entry) => [relative(tree, entry.path), entry]));
  for (const name of ['.', ...directoriesOf(named)]) giveMode(join(tree, name), () => DIRECTORY_MODE);
}

/** Returns all directories that these entries have, as paths in the tree. The tree itself is none of them. */
export function directoriesOf(files: ReadonlyMap<string, Pick<Entry, 'kind'>>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [name, { kind }] of files) {
    const last = kind === 'directory' ? name : dirname(name);
    for (let at = last; at !== '.' && !found.has(at); at = dirname(at)) found.add(at);
  }
  return found;
}

function giveMode(path: string, of: (mode: number) => number): void {
  const mode = lstatSync(path).mode & 0o7777;
  if (of(mode) !== mode) chmodSync(path, of(mode));
}

/** Everything that is planned and applied, as it was before any code of the repository ran. */
export interface TreeArchive extends Archive {
  /** The files, links and empty directories of the tree, by their paths in it. */
  readonly files: ReadonlyMap<string, Seen>;
}

/**
 * Packs the tree as `init` left it, with the files that this program wrote beside it. Modules are packed, because
 * the apply reads their files again and a branch may have moved on since the plan. Providers are not: the lock file
 * names them.
 */
export async function packTree(paths: WorkPaths): Promise<TreeArchive> {
  const listed = listTree(paths.tree);
  const files = new Map(listed.map((entry) => [relative(paths.tree, entry.path), look(entry)]));
  for (const [path, seen] of files) requireCarried(paths, path, seen);
  const own = [paths.engine, paths.backendArguments, paths.generatedVariables];
  const archive = await pack(
    paths.base,
    [...own, ...listed.map(({ path }) => path)].map((path) => relative(paths.base, path)),
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

export const linkAt = (path: string): string | undefined =>
  lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;

export function look({ kind, path }: Entry): Seen {
  const { size, ctimeMs } = lstatSync(path);
  return { kind, size, changedAt: ctimeMs, link: linkAt(path) };
}

/**
 * Lists files, links and empty directories, without what is not carried. Throws PhaseError for a name that is not UTF-8:
 * Node.js would read it as another one.
 */
export const listTree = (tree: string): Entry[] => listBelow(tree, tree);

function listBelow(tree: string, directory: string): Entry[] {
  return readdirSync(directory, { withFileTypes: true, encoding: 'buffer' }).flatMap((entry): Entry[] => {
    if (!isUtf8(entry.name)) throw noText(tree, directory, entry.name);
    const name = entry.name.toString();
    const path = join(directory, name);
    if (isUncarried(path)) return [];
    if (entry.isDirectory()) return listDirectory(tree, path);
    if (entry.isSymbolicLink()) return [{ kind: 'link', path }];
    return entry.isFile() ? [{ kind: 'file', path }] : [];
  });
}

function listDirectory(tree: string, path: string): Entry[] {
  const below = listBelow(tree, path);
  return below.length > 0 || basename(path) === ENGINE_DIRECTORY ? below : [{ kind: 'directory', path }];
}

function noText(tree: string, directory: string, name: Buffer): PhaseError {
  const path = quoteBytes(Buffer.concat([Buffer.from(join(relative(tree, directory), '/')), name]));
  return uncarried(path.replace(/^"\//, '"'), 'has a name that is not UTF-8');
}

/** Refuses an entry that would not be unpacked as it was packed. Only modules have one: a checkout was copied without. */
function requireCarried({ base, tree }: Pick<WorkPaths, 'base' | 'tree'>, path: string, seen: Seen): void {
  const { kind, link, size } = seen;
  if (link !== undefined && !isUtf8(readlinkSync(join(tree, path), 'buffer')))
    throw uncarried(quotePath(path), 'is a link to a name that is not UTF-8');
  const archived = kind === 'directory' ? `${path}/` : path;
  const objection = objectionToEntry({ path: archived, link, size }, relative(base, tree));
  if (objection !== undefined) throw uncarried(quotePath(path), objection);
}

const uncarried = (path: string, why: string): PhaseError =>
  new PhaseError('bundle', `the repository has ${path}, which ${why}: no archive can carry it`, {
    reason: 'bundle-refused',
  });
