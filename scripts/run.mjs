/**
 * Entry of every command of this repository: `node scripts/run.mjs [--needs a,b] script [args]`. All the set-up there is:
 * names what the machine lacks, a line each (root on Debian gets what are packages there), installs the dependencies where
 * they differ from the lock file, downloads Terraform where none is on the PATH; then runs the script with the Node.js
 * pinned in package.json. Plain JavaScript, because the Node.js of the machine may be too old to run anything else.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies, isInstalled, pinnedNode } from './dependencies.mjs';
import { ENGINE_NEEDS, isEngineOnPath, pinnedEngineHere } from './engine.mjs';
import { withInstallLock } from './install-lock.mjs';
import { describeMissing, missingPrerequisites } from './prerequisites.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const installing = join(root, '.stagegate', 'installing');

const say = (text) => console.error(`stagegate: ${text}`);

/** Installs what is not there yet, and ends the command where that fails. */
function ensure(isThere, what, install) {
  if (isThere()) return;
  const problem = withInstallLock(installing, () => {
    if (isThere()) return undefined;
    say(`${what} …`);
    return install();
  });
  if (problem === undefined) return;
  say(problem);
  process.exit(1);
}

/** The directory to put on the PATH for an engine, if one has to be. */
function engineDirectory(need) {
  if (isEngineOnPath(ENGINE_NEEDS[need])) return undefined;
  const { name, version, directory, binary } = pinnedEngineHere();
  const install = () => {
    // Node.js heeds the proxy variables of the environment only where it is told to.
    const env = { ...process.env, NODE_USE_ENV_PROXY: '1' };
    const args = [join(root, 'scripts', 'install-engine.ts')];
    const { status } = spawnSync(pinnedNode(root), args, { stdio: ['ignore', 2, 2], env });
    return status === 0 ? undefined : describeMissing(need);
  };
  ensure(() => existsSync(binary), `downloading ${name} ${version}`, install);
  return directory;
}

const args = process.argv.slice(2);
const needs = args[0] === '--needs' ? args.splice(0, 2)[1].split(',') : [];

const missing = missingPrerequisites(needs);
for (const line of missing) say(line);
if (missing.length > 0) process.exit(1);
ensure(
  () => isInstalled(root),
  'installing dependencies (npm ci)',
  () => installDependencies(root),
);
const engineNeed = needs.find((name) => name in ENGINE_NEEDS);
const engine = engineNeed && engineDirectory(engineNeed);

const path = [engine, join(root, 'node_modules', '.bin'), process.env.PATH].filter(Boolean).join(delimiter);
const child = spawn(pinnedNode(root), args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path } });
// Ctrl-C reaches the whole process group; the child decides how to end, this process only passes its result on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
