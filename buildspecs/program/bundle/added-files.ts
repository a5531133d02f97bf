import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ENGINE_DIRECTORY, LOCK_FILE, VENDORED } from '../configuration/engine-files.ts';
import { isPlainLine } from '../engine/plan-file/strict-text.ts';

/** Occurs in names of files that the engine reads as configuration, values, state or tests, whatever follows. */
const READ_BY_ENGINE = /\.(?:tf|tofu)/;

/**
 * Returns what is wrong with a file that a plan added to the tree at this path, or undefined. A plan must not add files
 * that the engine would read: they would be applied without being in the commit.
 */
export function objectionToAdded(tree: string, path: string): string | undefined {
  const parts = path.split('/');
  if (path === '' || parts.some((part) => part === '' || part === '.' || part === '..'))
    return 'is no path in the repository';
  if (!isPlainLine(path)) return 'has characters in its name that people would not see, or is far too long';
  const name = basename(path);
  if (READ_BY_ENGINE.test(name) || name === LOCK_FILE || parts.includes(VENDORED) || parts.includes('.git'))
    return 'has a name that the engine reads; only the commit may bring such files';
  if (parts.includes(ENGINE_DIRECTORY) && !isInModule(tree, path))
    return `is in ${ENGINE_DIRECTORY}, outside of the modules that init installed`;
  return undefined;
}

/** Returns whether a path is inside of an installed module. A module may write files beside its own (`path.module`). */
function isInModule(tree: string, path: string): boolean {
  const [, directory, module] = /^((?:.*\/)?\.terraform\/modules)\/([^/]+)\/(?!.*\.terraform\/)./.exec(path) ?? [];
  return directory !== undefined && module !== undefined && existsSync(join(tree, directory, module, '.'));
}
