import { spawnSync } from 'node:child_process';
import { answerOf } from './answer-of.mjs';
import { findChromium } from './chromium.mjs';
import { ENGINE_NEEDS, isEngineOnPath, pinnedEngineHere } from './engine.mjs';

const LEAST_JAVA = 17;

/**
 * The programs that commands need from the machine: whether one is there, its packages by package manager, and the line
 * for people, told how to get it.
 */
const PREREQUISITES = {
  git: {
    isThere: () => answerOf('git', ['--version']) !== undefined,
    packages: {
      // Nothing but a recommendation would bring the certificates that fetching over HTTPS needs.
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
    // A pinned one is downloaded later.
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
      // Without recommended packages the browser would come without any font.
      'apt-get': () => ['chromium', 'fonts-liberation'],
      dnf: () => ['chromium'],
      brew: () => ['--cask', 'google-chrome'],
    },
    hint: (how) =>
      `install Chromium or Google Chrome${how ? ` (${how})` : ''}, or name its executable in STAGEGATE_CHROMIUM; the tests read the approval page in it`,
  },
};

const isRoot = () => process.getuid?.() === 0;

/** What of it the machine lacks, after root on Debian got what are packages there: a line for each, all at once. */
export function missingPrerequisites(names) {
  const isMissing = (name) => !PREREQUISITES[name].isThere();
  const missing = names.filter(isMissing);
  if (missing.length > 0 && isRoot() && packageManager() === 'apt-get') installPackages(missing);
  return missing.filter(isMissing).map(describeMissing);
}

const packageManager = () => ['apt-get', 'dnf', 'brew'].find((each) => answerOf(each, ['--version']) !== undefined);

/** The line for people: what is missing and how to get it, with the manager of packages they have. */
export function describeMissing(name) {
  const { hint, packages } = PREREQUISITES[name];
  const manager = packageManager();
  const wanted = manager && packages[manager]?.();
  const sudo = manager === 'brew' || isRoot() ? '' : 'sudo ';
  return `missing prerequisite ${name}: ${hint(wanted && `${sudo}${manager} install ${wanted.join(' ')}`)}`;
}

/** One prerequisite after the other, so that a package which this release of Debian does not have stops no other. */
function installPackages(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Another command may be installing packages at this moment.
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

/** Releases of Debian differ in their versions of Java, and the default one may be too old. */
function newEnoughJava() {
  const found = answerOf('apt-cache', ['search', '--names-only', '^openjdk-[0-9]+-jre-headless$']) ?? '';
  const versions = [...found.matchAll(/^openjdk-(\d+)-jre-headless\b/gm)].map(([, version]) => Number(version));
  const [version] = versions.filter((each) => each >= LEAST_JAVA).sort((a, b) => a - b);
  return version === undefined ? 'default-jre-headless' : `openjdk-${version}-jre-headless`;
}
