import { spawnSync } from 'node:child_process';
import { answerOf } from './answer-of.mjs';
import { findChromium } from './chromium.mjs';
import { ENGINE_NEEDS, isEngineOnPath, pinnedEngineHere } from './engine.mjs';

const LEAST_JAVA = 17;

/**
 * The programs that commands need from the machine: whether a program exists, its packages for each package manager,
 * and the line for people about how to get it.
 */
const PREREQUISITES = {
  git: {
    isThere: () => answerOf('git', ['--version']) !== undefined,
    packages: {
      // Git only recommends the certificates that it needs to fetch over HTTPS, and recommended packages are left out.
      'apt-get': () => ['git', 'ca-certificates'],
      dnf: () => ['git'],
      brew: () => ['git'],
    },
    hint: (how = 'https://git-scm.com/downloads') => `install git (${how})`,
  },
  java: {
    isThere: () => Number(/version "(\d+)/.exec(answerOf('java', ['-version']) ?? '')?.[1] ?? 0) >= LEAST_JAVA,
    packages: {
      'apt-get': () => [newEnoughJava()],
      dnf: () => ['java-21-openjdk-headless'],
      brew: () => ['--cask', 'temurin'],
    },
    hint: (how = 'for example https://adoptium.net') =>
      `install Java ${LEAST_JAVA} or newer (${how}); DynamoDB Local needs it`,
  },
  engine: {
    // A pinned engine is downloaded later.
    isThere: () => pinnedEngineHere() !== undefined || isEngineOnPath(ENGINE_NEEDS.engine),
    packages: {},
    hint: (how = 'https://developer.hashicorp.com/terraform/install') =>
      `install Terraform 1.11 or newer, or OpenTofu 1.10 or newer, and put it on the PATH (${how})`,
  },
  terraform: {
    isThere: () => pinnedEngineHere() !== undefined || isEngineOnPath(ENGINE_NEEDS.terraform),
    packages: {},
    hint: (how = 'https://developer.hashicorp.com/terraform/install') =>
      `install Terraform 1.11 or newer and put it on the PATH (${how})`,
  },
  chromium: {
    isThere: () => findChromium() !== undefined,
    packages: {
      // The browser only recommends a font, and recommended packages are left out.
      'apt-get': () => ['chromium', 'fonts-liberation'],
      dnf: () => ['chromium'],
      brew: () => ['--cask', 'google-chrome'],
    },
    hint: (how) =>
      `install Chromium or Google Chrome${how ? ` (${how})` : ''}, or name its executable in STAGEGATE_CHROMIUM; the tests read the approval page in it`,
  },
};

const isRoot = () => process.getuid?.() === 0;

/** Returns a line for each program that the machine lacks. As root on Debian, it first installs those with packages. */
export function missingPrerequisites(names) {
  const isMissing = (name) => !PREREQUISITES[name].isThere();
  const missing = names.filter(isMissing);
  if (missing.length > 0 && isRoot() && packageManager() === 'apt-get') installPackages(missing);
  return missing.filter(isMissing).map(describeMissing);
}

const packageManager = () => ['apt-get', 'dnf', 'brew'].find((each) => answerOf(each, ['--version']) !== undefined);

/** Returns the line for people: what is missing and how to get it with the package manager of this machine. */
export function describeMissing(name) {
  const { hint, packages } = PREREQUISITES[name];
  const manager = packageManager();
  const wanted = manager && packages[manager]?.();
  const sudo = manager === 'brew' || isRoot() ? '' : 'sudo ';
  return `missing prerequisite ${name}: ${hint(wanted && `${sudo}${manager} install ${wanted.join(' ')}`)}`;
}

/**
 * Installs each prerequisite on its own, so that a package that is missing in this release does not stop the others.
 */
function installPackages(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Another command may be installing packages at the same time, so apt-get waits for the lock.
  const options = ['--quiet=2', '--option', 'DPkg::Lock::Timeout=600'];
  const apt = (...args) => spawnSync('apt-get', [...options, ...args], { stdio: ['ignore', 'ignore', 2], env });
  let isUpdated = false;
  for (const name of names) {
    const packagesOf = PREREQUISITES[name].packages['apt-get'];
    if (!packagesOf) continue;
    if (!isUpdated) apt('update');
    isUpdated = true;
    const packages = packagesOf();
    console.error(`stagegate: installing ${packages.join(', ')} (apt-get install) …`);
    apt('install', '--yes', '--no-install-recommends', ...packages);
  }
}

/**
 * Returns a package with a new enough Java. Releases of Debian have different versions, and the default may be too old.
 */
function newEnoughJava() {
  const found = answerOf('apt-cache', ['search', '--names-only', '^openjdk-[0-9]+-jre-headless$']) ?? '';
  const versions = [...found.matchAll(/^openjdk-(\d+)-jre-headless\b/gm)].map(([, version]) => Number(version));
  const [version] = versions.filter((each) => each >= LEAST_JAVA).sort((a, b) => a - b);
  return version === undefined ? 'default-jre-headless' : `openjdk-${version}-jre-headless`;
}
