import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerOf } from './answer-of.mjs';

/** Returns the packages of a lock file: path below the repository -> entry of the lock file. */
const readPackages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

/**
 * Returns whether `node_modules` has what the lock file says, however it was installed. As its last step, npm writes a
 * lock file of its own about what it has installed. An interrupted installation has none, and that of an older one
 * differs.
 */
export function isInstalled(root) {
  const modules = join(root, 'node_modules');
  let wanted;
  let installed;
  try {
    wanted = readPackages(join(root, 'package-lock.json'));
    installed = readPackages(join(modules, '.package-lock.json'));
  } catch {
    return false;
  }
  const isSame = (path) =>
    wanted[path].version === installed[path].version && wanted[path].integrity === installed[path].integrity;
  return (
    // An optional package may be for other machines.
    Object.keys(wanted).every((path) => path === '' || path in installed || wanted[path].optional) &&
    Object.keys(installed).every((path) => path in wanted && isSame(path) && existsSync(join(root, path))) &&
    runsHere(pinnedNode(root))
  );
}

/** Returns whether this Node.js runs. One that was installed on another machine and mounted here may not. */
const runsHere = (node) => /^v\d/.test(answerOf(node, ['--version']) ?? '');

/** Returns the path of the Node.js that package.json pins. */
export const pinnedNode = (root) => join(root, 'node_modules', '.bin', 'node');

/** Installs what the lock file says. Returns the reason when that fails, else undefined. */
export function installDependencies(root) {
  const { error, status } = spawnSync(
    'npm',
    ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, stdio: ['ignore', 2, 2] },
  );
  if (error) return `npm ci: ${error.message}`;
  if (status !== 0) return 'npm ci failed; see its messages above';
  if (!runsHere(pinnedNode(root)))
    return 'the package "node" did not install a binary that runs here; allow its install script (npm install-scripts approve node)';
  return undefined;
}
