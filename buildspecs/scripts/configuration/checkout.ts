import { constants, copyFileSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { PhaseError } from '../build/failure.ts';

/** Neither belongs to the approved configuration: history, and what an engine run left behind. */
const leftOut = new Set(['.git', '.terraform']);

const isInside = (directory: string, path: string) => path === directory || path.startsWith(directory + sep);

/** Copies a directory below `source`; links are kept as links and must stay inside the repository. */
function copyDirectory(source: string, target: string, root: string): void {
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    if (leftOut.has(entry.name)) continue;
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) copyDirectory(from, to, root);
    else if (entry.isFile()) copyFileSync(from, to, constants.COPYFILE_FICLONE);
    else if (entry.isSymbolicLink()) {
      const link = readlinkSync(from);
      if (isAbsolute(link) || !isInside(root, resolve(dirname(from), link))) {
        throw new PhaseError('checkout', `the symbolic link "${relative(root, from)}" leads out of the repository`);
      }
      symlinkSync(link, to);
    } else {
      throw new PhaseError('checkout', `"${relative(root, from)}" is neither a file, a directory nor a link`);
    }
  }
}

/** Refuses a directory that is not there, is no plain directory, or lies outside the repository. */
function requireDirectory(checkout: string, directory: string, commit: string): void {
  const clean = normalize(directory);
  if (isAbsolute(directory) || clean === '..' || clean.startsWith(`..${sep}`) || clean.includes('\0')) {
    throw new PhaseError('checkout', `the directory "${directory}" leads out of the repository`);
  }
  const parts = clean.split(sep).filter((part) => part !== '' && part !== '.');
  parts.reduce((parent, part) => {
    const path = join(parent, part);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink()) {
      throw new PhaseError(
        'checkout',
        `"${relative(checkout, path)}" is a symbolic link; environments are plain directories`,
      );
    }
    if (!found?.isDirectory()) {
      throw new PhaseError('checkout', `the directory "${directory}" does not exist in commit ${commit}`);
    }
    return path;
  }, checkout);
}

/** Copies the whole repository to the fixed path of the environment, so that relative module sources keep working. */
export function copyCheckout(checkout: string, tree: string, directory: string, commit: string): void {
  requireDirectory(checkout, directory, commit);
  copyDirectory(checkout, tree, checkout);
}
