import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PINNED_ENGINE } from '../lib/pinned-engine.mjs';
import { answerOf } from './answer-of.mjs';

/** The first minor versions of version 1 in which the S3 backend locks without a table. */
const LEAST_MINOR = { terraform: 11, tofu: 10 };
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

/**
 * Returns whether the PATH has an engine that is new enough. Builds take the first of these names that exists, so only
 * that one counts: an old Terraform beside a new OpenTofu is the engine that would run.
 */
export function isEngineOnPath(names) {
  for (const name of names) {
    const answer = answerOf(name, ['version']);
    if (answer === undefined) continue;
    const [, major, minor] = /v(\d+)\.(\d+)/.exec(answer) ?? [];
    return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= LEAST_MINOR[name]);
  }
  return false;
}

/** The engines that commands accept for each kind of need. */
export const ENGINE_NEEDS = { engine: ['terraform', 'tofu'], terraform: ['terraform'] };

/**
 * Returns the pinned engine for this machine with the directory it is installed in, or undefined when the engine is not
 * published for this machine.
 */
export function pinnedEngineHere() {
  const { name, version, sha256 } = PINNED_ENGINE;
  const wanted = `${process.platform}_${ARCHITECTURES[process.arch]}`;
  /** @type {(keyof typeof sha256)[]} */
  const platforms = Object.keys(sha256);
  const platform = platforms.find((each) => each === wanted);
  if (platform === undefined) return undefined;
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const directory = join(root, '.stagegate', 'engines', `${name}_${version}_${platform}`);
  return { name, version, platform, sha256: sha256[platform], directory, binary: join(directory, name) };
}
