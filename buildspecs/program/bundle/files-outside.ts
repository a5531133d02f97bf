import { type BigIntStats, realpathSync, statSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { quotePath } from '../engine/plan-file/strict-text.ts';
import { secretsOfPlan } from '../engine/plan-secrets.ts';
import { redact } from '../engine/redact.ts';
import { tellPaths } from './tell-paths.ts';
import type { TreeArchive } from './tree-archive.ts';
import type { AddedToTree } from './tree-changes.ts';

/** Nanoseconds since 1970, as the file system counts them. */
type Instant = bigint;

/**
 * Returns the time of the file system. Its clock is behind that of the processor by some milliseconds, so only the times
 * of files are compared with each other.
 */
export function timeOfFiles({ planBegins }: Pick<WorkPaths, 'planBegins'>): Instant {
  writeFileSync(planBegins, '');
  return statSync(planBegins, { bigint: true }).ctimeNs;
}

interface Planned {
  readonly paths: Pick<WorkPaths, 'tree' | 'directory'>;
  readonly began: Instant;
  /** The tree as it was when the plan began, and what the plan added. Both are there in the apply. */
  readonly tree: Pick<TreeArchive, 'files'>;
  readonly carried: AddedToTree;
  /** Values that must not be told. */
  readonly secrets: readonly string[];
}

/**
 * Refuses a plan that made a file, or a link in the tree to a file, which is not carried to the apply, and whose path
 * stands in the plan as a whole text: the apply would look for it, on another machine, after people have approved. A file
 * that was there before, as on every machine, is no such file, nor is a path where there is none. `planJson`: what
 * `show -json` printed. Throws PhaseError.
 */
export function refuseFilesOutside(planJson: Buffer, planned: Planned): void {
  const plan = parse(planJson);
  const added = new Set(planned.carried.added);
  const isByLink = (path: string) => leadsThroughAdded(path, planned);
  const isMissing = (path: string) =>
    isByLink(path) ? isFile(path, planned) : isMade(path, planned) && !isCarried(path, planned, added);
  const missing = [...pathsIn(plan, planned)].filter(isMissing).sort();
  if (missing.length === 0) return;
  const ofLinks = missing.some(isByLink)
    ? '. Links that a plan makes are left behind: let it write a file instead'
    : '';
  const secrets = [...planned.secrets, ...secretsOfPlan(plan)];
  const told = tellPaths(missing, (path) => redact(quotePath(path), secrets));
  throw new PhaseError(
    'bundle',
    `the plan made ${told} and names ${missing.length === 1 ? 'it' : 'them'}, but the apply runs on another machine and gets only files of the repository. Let it write below path.module or path.root, for example to "\${path.root}/build/name.zip"${ofLinks}`,
    { reason: 'made-outside' },
  );
}

/** The longest path that operating systems take, in bytes. */
const LONGEST_PATH = 4096;

/** Output that is no JSON names nothing. Whoever reads the plan later says that it cannot be read. */
function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Returns the texts of a plan, at any depth, that could be paths of files. A name without a directory is a file in the
 * planned directory, which is carried unless it is a link.
 */
function pathsIn(plan: unknown, { paths, carried }: Planned): ReadonlySet<string> {
  const found = new Set<string>();
  const links = new Set(carried.addedLinks.map((link) => relative(paths.directory, join(paths.tree, link))));
  const isPath = (text: string) => text.includes('/') || links.has(text);
  const open = [plan];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') {
      if (isPath(value) && value.length <= LONGEST_PATH && !value.includes('\0')) found.add(value);
    } else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) open.push(part);
  }
  return found;
}

/** Takes a path as the engine does, which runs in the planned directory. The operating system resolves links and `..`. */
const placeOf = (path: string, { directory }: Planned['paths']): string =>
  isAbsolute(path) ? path : `${directory}/${path}`;

/** Returns what is at a path, with links followed, or undefined. */
function lookAt(path: string, { paths }: Planned): BigIntStats | undefined {
  try {
    return statSync(placeOf(path, paths), { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const isFile = (path: string, planned: Planned): boolean => lookAt(path, planned)?.isFile() === true;

/**
 * Returns whether there is a regular file that was made since the plan began. File systems without a time of birth, as
 * those of the kernel (`/proc`), say 0. A file that was only written to was there before.
 */
function isMade(path: string, planned: Planned): boolean {
  const found = lookAt(path, planned);
  return found?.isFile() === true && found.birthtimeNs >= planned.began;
}

/** Returns whether a path leads through a link in the tree that the plan made. */
function leadsThroughAdded(path: string, { paths, carried }: Planned): boolean {
  const named = relative(paths.tree, join(placeOf(path, paths)));
  return carried.addedLinks.some((link) => named === link || named.startsWith(`${link}${sep}`));
}

/** Returns whether the apply has this file, too. */
function isCarried(path: string, { paths, tree }: Planned, added: ReadonlySet<string>): boolean {
  const real = relative(realpathSync.native(paths.tree), realpathSync.native(placeOf(path, paths)));
  return tree.files.has(real) || added.has(real);
}
