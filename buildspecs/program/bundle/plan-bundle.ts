import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { quotePath } from '../engine/plan-file/strict-text.ts';
import { objectionToAdded } from './added-files.ts';
import { type Archive, type ArchiveEntry, objectionToArchive, pack, unpack } from './archive.ts';
import { directoriesOf, type TreeArchive } from './tree-archive.ts';

/** The largest bundle, in bytes. People could not review a plan that needs more than this beside the commit. */
export const MOST_BUNDLE_BYTES = 256 * 1024 * 1024;
const MOST_UNPACKED_BYTES = 1024 * 1024 * 1024;

/**
 * Packs the plan bundle, which reviewers approve. It contains the plan, the files that the plan added to the tree, and
 * the SHA-256 of the tree's own archive, so that the bundle's digest covers all that is applied. `added`: paths in the
 * tree, of empty directories with a slash at the end.
 */
export async function packBundle(
  paths: WorkPaths,
  tree: Pick<TreeArchive, 'sha256' | 'files'>,
  added: readonly string[],
): Promise<Archive> {
  const wasThere = directoriesOf(tree.files);
  for (const path of added) {
    const objection = objectionToAdded(path.replace(/\/$/, ''), (directory) => wasThere.has(directory));
    if (objection)
      throw new PhaseError('bundle', `the plan left ${quotePath(path)}, which ${objection}`, { reason: REFUSED });
  }
  writeFileSync(paths.treeDigest, tree.sha256.toString('hex'));
  const own = [paths.plan, paths.treeDigest].map((path) => relative(paths.base, path));
  const bundle = await pack(paths.base, [...own, ...added.map((path) => join(relative(paths.base, paths.tree), path))]);
  if (bundle.bytes.length > MOST_BUNDLE_BYTES)
    throw new PhaseError(
      'bundle',
      `the plan and the ${added.length} file(s) it left in the repository have ${bundle.bytes.length} bytes packed, more than ${MOST_BUNDLE_BYTES}`,
      { reason: REFUSED },
    );
  return bundle;
}

const REFUSED = 'bundle-refused';

/**
 * Unpacks a bundle over the tree that was unpacked before, and returns the paths in the tree that the plan added. Any
 * code may have run in the build that made the bundle, so the whole bundle is checked before any part of it is written.
 * Throws PhaseError `bundle-refused`.
 */
export async function unpackBundle(bytes: Buffer, paths: WorkPaths, treeSha256: Buffer): Promise<string[]> {
  const refuse = (problem: string) => new PhaseError('bundle', `the bundle ${problem}`, { reason: REFUSED });
  const added = new Set<string>();
  const own = [paths.plan, paths.treeDigest].map((path) => relative(paths.base, path));
  const missing = new Set(own);
  const tree = `${relative(paths.base, paths.tree)}/`;
  const objectionTo = ({ path, type }: ArchiveEntry): string | undefined => {
    const told = quotePath(path);
    const isEmpty = type === 'Directory' && path.endsWith('/');
    if (!isEmpty && type !== 'File' && type !== 'OldFile') return `has ${told}, which is no regular file but a ${type}`;
    if (missing.delete(path)) return undefined;
    const name = path.startsWith(tree) ? path.slice(tree.length) : undefined;
    if (name === undefined || added.has(name)) return `has ${told}, which belongs to no bundle`;
    const plain = isEmpty ? name.slice(0, -1) : name;
    const objection = objectionToAdded(plain, (directory) => isDirectory(join(paths.tree, directory)));
    if (objection) return `has ${told}, which ${objection}`;
    if (isThere(join(paths.tree, plain))) return `has ${told}, which the commit has`;
    added.add(name);
    return undefined;
  };
  const objection = await objectionToArchive(bytes, MOST_UNPACKED_BYTES, objectionTo).catch(() => 'is no archive');
  if (objection) throw refuse(objection);
  if (missing.size > 0) throw refuse(`lacks ${[...missing].join(' and ')}`);
  await unpack(bytes, paths.base).catch(() => {
    throw refuse('cannot be laid out over the commit');
  });
  const bound = readFileSync(paths.treeDigest, 'utf8');
  if (bound !== treeSha256.toString('hex'))
    throw refuse(
      `is for the tree ${JSON.stringify(bound.slice(0, 64))}, the tree of this run is ${treeSha256.toString('hex')}`,
    );
  return [...added].sort();
}

const look = (path: string) => lstatSync(path, { throwIfNoEntry: false });

/** Returns whether something exists at a path, including a link that leads nowhere. */
const isThere = (path: string): boolean => look(path) !== undefined;
const isDirectory = (path: string): boolean => look(path)?.isDirectory() ?? false;
