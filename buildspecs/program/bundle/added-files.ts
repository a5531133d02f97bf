import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ENGINE_DIRECTORY, LOCK_FILE, VENDORED } from '../configuration/engine-files.ts';
import { isPlainLine } from '../engine/plan-file/strict-text.ts';

/** What the engine takes for configuration, values, state or tests, whatever comes after. */
const READ_BY_ENGINE = /\.(?:tf|tofu)/;

/**
 * What is wrong with a file that a plan added to the tree at this path, or undefined. Nothing that the engine would read
 * may come from there: it would be applied without being in the commit.
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

/** A module that comes from elsewhere may leave files beside its own, as with `path.module`. */
function isInModule(tree: string, path: string): boolean {
  const [, directory, module] = /^((?:.*\/)?\.terraform\/modules)\/([^/]+)\/(?!.*\.terraform\/)./.exec(path) ?? [];
  return directory !== undefined && module !== undefined && existsSync(join(tree, directory, module, '.'));
}
