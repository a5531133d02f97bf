/**
 * Entry of every command of this repository: `node scripts/run.mjs [--needs a,b] script [args]`.
 * Installs the dependencies when they are missing or differ from the lock file, names each missing prerequisite in
 * one line (root on Debian gets those that are packages there), then runs the script with the Node.js pinned in
 * package.json. Plain JavaScript, because the Node.js of the machine may be too old to run anything else.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinnedNode = join(root, 'node_modules', '.bin', 'node');
const stamp = join(root, 'node_modules', '.stagegate-lock');
const lockFile = join(root, '.stagegate', 'install.pid');

const answers = (command, args, accepts = () => true) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 && accepts(`${stdout}${stderr}`);
};

const PREREQUISITES = {
  git: {
    isThere: () => answers('git', ['--version']),
    hint: 'install git (https://git-scm.com/downloads)',
  },
  java: {
    isThere: () => answers('java', ['-version'], (text) => Number(/version "(\d+)/.exec(text)?.[1] ?? 0) >= 17),
    hint: 'install Java 17 or newer (for example https://adoptium.net); DynamoDB Local needs it',
  },
  terraform: {
    isThere: () => ['terraform', 'tofu'].some((engine) => answers(engine, ['version'])),
    hint: 'install Terraform 1.11 or newer, or OpenTofu 1.10 or newer, and put it on the PATH',
  },
  chromium: {
    isThere: () => findChromium() !== undefined,
    // Without recommended packages the browser would come without any font.
    debianPackages: ['chromium', 'fonts-liberation'],
    hint: 'install Chromium or Google Chrome, or name its executable in STAGEGATE_CHROMIUM; the tests read the approval page in it',
  },
};

function requirePrerequisites(names) {
  const isMissing = (name) => !PREREQUISITES[name].isThere();
  installPackages(names.filter(isMissing).flatMap((name) => PREREQUISITES[name].debianPackages ?? []));
  const missing = names.filter(isMissing);
  for (const name of missing) console.error(`stagegate: missing prerequisite ${name}: ${PREREQUISITES[name].hint}`);
  if (missing.length > 0) process.exit(1);
}

/** Root on Debian, which is how continuous integration runs, gets what is a package there; what is still missing after it is named. */
function installPackages(packages) {
  if (packages.length === 0 || process.getuid?.() !== 0 || !answers('apt-get', ['--version'])) return;
  console.error(`stagegate: installing ${packages.join(', ')} (apt-get install) …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...packages]])
    if (spawnSync('apt-get', ['--quiet=2', ...args], { stdio: ['ignore', 'ignore', 2], env }).status !== 0) return;
}

const wanted = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
const isInstalled = () => existsSync(pinnedNode) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted();

/** Is the process that wrote its id into the lock file still there? A killed one leaves the file behind. */
function isHeld() {
  try {
    process.kill(Number(readFileSync(lockFile, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Two commands started at once must not install at once. */
function withInstallLock(install) {
  mkdirSync(dirname(lockFile), { recursive: true });
  for (let isTold = false; ; ) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isHeld()) {
      rmSync(lockFile, { force: true });
      continue;
    }
    if (!isTold) console.error('stagegate: another command is installing the dependencies; waiting for it …');
    isTold = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
  try {
    install();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function installDependencies() {
  if (isInstalled()) return;
  withInstallLock(() => {
    if (isInstalled()) return;
    console.error('stagegate: installing dependencies (npm ci) …');
    const { status } = spawnSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    });
    if (status !== 0) {
      console.error('stagegate: npm ci failed; see its messages above');
      process.exit(1);
    }
    if (!existsSync(pinnedNode)) {
      console.error(
        'stagegate: the package "node" did not install its binary; allow its install script (npm install-scripts approve node)',
      );
      process.exit(1);
    }
    writeFileSync(stamp, wanted());
  });
}

const args = process.argv.slice(2);
const needs = args[0] === '--needs' ? args.splice(0, 2)[1].split(',') : [];
requirePrerequisites(needs);
installDependencies();

const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`;
const child = spawn(pinnedNode, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path } });
// Ctrl-C reaches the whole process group; the child decides how to end, this process only passes its result on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
