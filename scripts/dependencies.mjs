import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerOf } from './answer-of.mjs';

/** Paths of packages below the repository -> what the lock file says of each. */
const readPackages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

/**
 * Is in `node_modules` what the lock file says, whoever put it there? npm writes down what it has installed as its last
 * step, in a lock file of its own: one that was broken off has none, and one of another day differs.
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
    // What is optional may be for other machines.
    Object.keys(wanted).every((path) => path === '' || path in installed || wanted[path].optional) &&
    Object.keys(installed).every((path) => path in wanted && isSame(path) && existsSync(join(root, path))) &&
    runsHere(pinnedNode(root))
  );
}

/** What was installed on another machine, and mounted here, may not. */
const runsHere = (node) => /^v\d/.test(answerOf(node, ['--version']) ?? '');

/** The Node.js that package.json pins. */
export const pinnedNode = (root) => join(root, 'node_modules', '.bin', 'node');

/** Installs what the lock file says; answers why that was not possible. */
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
