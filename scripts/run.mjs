/**
 * Entry of every command of this repository: `node scripts/run.mjs [--needs a,b] script [args]`. It does the whole
 * set-up: it names what the machine lacks, a line each (for root on Debian it installs what is a package there),
 * installs the dependencies when they differ from the lock file, and downloads Terraform when none is on the PATH. Then
 * it runs the script with the Node.js that package.json pins. This is plain JavaScript, because the Node.js of the
 * machine may be too old to run anything else.
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

/** Installs something that is missing. Ends the command when that fails. */
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

/** Returns the directory with the pinned engine, or undefined when the PATH has an engine already. */
function engineDirectory(need) {
  if (isEngineOnPath(ENGINE_NEEDS[need])) return undefined;
  const { name, version, directory, binary } = pinnedEngineHere();
  const install = () => {
    // Node.js uses the proxy variables of the environment only with this setting.
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
// Ctrl-C reaches the whole process group. The child decides how to end; this process only passes on its result.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
