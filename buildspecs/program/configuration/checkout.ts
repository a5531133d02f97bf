import { constants, copyFileSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { isAbsolute, join, normalize, relative, sep } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import { ENGINE_DIRECTORY } from './engine-files.ts';
import { isInside, isOwnLink } from './places.ts';

/**
 * Names that are not copied, because they are no part of the approved configuration: history, whose settings can name
 * commands, and files that a run of the engine left behind.
 */
const leftOut = new Set(['.git', '.hg', ENGINE_DIRECTORY]);

/** Copies a directory and collects in `refused` what cannot be copied: links that lead out, sockets and the like. */
function copyDirectory(source: string, target: string, root: string, refused: string[]): void {
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    if (leftOut.has(entry.name)) continue;
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) copyDirectory(from, to, root, refused);
    else if (entry.isFile()) copyFileSync(from, to, constants.COPYFILE_FICLONE);
    else if (entry.isSymbolicLink() && isOwnLink(root, from)) symlinkSync(readlinkSync(from), to);
    else refused.push(relative(root, from));
  }
}

/**
 * Refuses a directory that is laid out like git's own. Git would treat it as a repository, even without `.git`, and use
 * its settings, which can name commands. The engine runs git in the directory to fetch modules.
 */
function requireNoGitDirectory(checkout: string, path: string): void {
  const has = (name: string) => lstatSync(join(path, name), { throwIfNoEntry: false }) !== undefined;
  if (has('HEAD') && (has('refs') || has('commondir'))) {
    throw new PhaseError(
      'checkout',
      `"${relative(checkout, path) || '.'}" is laid out like git's own directory (HEAD, refs): git would run what its settings name`,
    );
  }
}

/** Refuses a directory that does not exist, is not a plain directory, or lies outside the repository. */
function requireDirectory(checkout: string, directory: string, commit: string): void {
  const clean = normalize(directory);
  if (isAbsolute(directory) || clean === '..' || clean.startsWith(`..${sep}`) || clean.includes('\0')) {
    throw new PhaseError('checkout', `the directory "${directory}" leads out of the repository`);
  }
  const parts = clean.split(sep).filter((part) => part !== '' && part !== '.');
  requireNoGitDirectory(checkout, checkout);
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
    requireNoGitDirectory(checkout, path);
    return path;
  }, checkout);
}

/**
 * Copies the whole repository to the fixed path of the environment, so that relative module sources keep working.
 * Leaves out links that lead out of the repository, and returns their paths. In the environment's own directory such a
 * link is refused. Elsewhere it belongs to somebody else and must not prevent the plan of this environment.
 */
export function copyCheckout(checkout: string, tree: string, directory: string, commit: string): readonly string[] {
  requireDirectory(checkout, directory, commit);
  const refused: string[] = [];
  copyDirectory(checkout, tree, checkout, refused);
  for (const path of refused) {
    if (isInside(normalize(directory), path)) {
      throw new PhaseError('checkout', `"${path}" is a symbolic link that leads out of the repository`);
    }
  }
  return refused;
}
