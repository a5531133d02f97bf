import { basename } from 'node:path';
import { ENGINE_DIRECTORY, isOfEngine, LOCK_FILE, MODULES, VENDORED } from '../configuration/engine-files.ts';
import { isPlainLine } from '../engine/plan-file/strict-text.ts';
import { objectionToEntry } from './carried-names.ts';

/** Occurs in names of files that the engine reads as configuration, values, state or tests, whatever follows. */
const READ_BY_ENGINE = /\.(?:tf|tofu)/;

/** Stands for the tree's directory in archives. Its length does not matter for names that are plain lines. */
const TREE = 'tree';

/**
 * Returns what is wrong with a file or directory that a plan added to the tree at this path, or undefined. A plan must
 * not add files that the engine would read: they would be applied without being in the commit. `isThere` says whether
 * the tree had a directory before the plan.
 */
export function objectionToAdded(path: string, isThere: (directory: string) => boolean): string | undefined {
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return 'is no path in the repository';
  if (!isPlainLine(path)) return 'has characters in its name that people would not see, or is far too long';
  const uncarried = objectionToEntry({ path }, TREE);
  if (uncarried !== undefined) return uncarried;
  // Some file systems do not tell upper from lower case.
  const known = path.toLowerCase();
  const parts = known.split('/');
  const name = basename(known);
  if (READ_BY_ENGINE.test(name) || name === LOCK_FILE || parts.includes(VENDORED) || parts.includes('.git'))
    return 'has a name that the engine reads; only the commit may bring such files';
  if (name === ENGINE_DIRECTORY || parts.some((_, at) => isOfEngine(parts.slice(0, at + 1).join('/'))))
    return `is what the engine itself keeps in ${ENGINE_DIRECTORY}; a plan may add files beside it, as in ${ENGINE_DIRECTORY}/archive_files`;
  if (isBesideModules(path, isThere)) return `is in ${MODULES}, outside of the modules that init installed`;
  return undefined;
}

/** Returns whether a path is where `init` installs modules, but in none. A module may write files beside its own. */
function isBesideModules(path: string, isThere: (directory: string) => boolean): boolean {
  const parts = path.split('/');
  return parts.some((_, at) => {
    const ends = `/${parts.slice(0, at + 1).join('/')}`.toLowerCase().endsWith(`/${MODULES}`);
    return ends && (parts.length < at + 3 || !isThere(parts.slice(0, at + 2).join('/')));
  });
}
