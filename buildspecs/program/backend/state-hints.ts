import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { ENGINE_DIRECTORY } from '../configuration/engine-files.ts';
import { isInside, realPathInside } from '../configuration/places.ts';
import { MOST_BYTES, parseSettings } from './config-file.ts';
import type { DeclaredBackend } from './declared-backend.ts';
import { LOCAL_STATES } from './local-states.ts';

/** A file that may say where a state is: settings of a backend, a wrapper that knows them, or a state itself. */
export interface StateHint {
  readonly kind: 'settings' | 'terragrunt' | 'state';
  /** Path in the repository. */
  readonly file: string;
}

interface Place {
  /** Path of the repository's copy. */
  readonly root: string;
  /** Path of the environment's directory in it. */
  readonly name: string;
}

/** Names under which people keep files for `init -backend-config`. They are believed without a look inside. */
const SETTINGS = /\.tfbackend(?:\.json)?$|backend.*\.hcl(?:\.json)?$|backend.*(?<!\.auto)\.tfvars(?:\.json)?$/i;
const TERRAGRUNT = /^terragrunt\.hcl(?:\.json)?$/;
const STATE = /\.tfstate$/;
/** Other names of files that may be such a file; what they set decides. The engine reads `*.auto.tfvars` as values. */
const MAYBE_SETTINGS = /\.hcl(?:\.json)?$|backend.*\.(?:conf(?:ig)?|auto\.tfvars(?:\.json)?)$/i;
const MAYBE_IN_BACKENDS = /\.(?:hcl|tfvars|conf|config)(?:\.json)?$/i;
const BACKENDS = /backend/i;
const CONFIGURATION = /\.(?:tf|tofu)(?:\.json)?$/;

/** How deep settings are looked for below a directory: `config/backends/eu/dev1.hcl`. */
const DEPTH = 3;

/**
 * Returns the files that may say where the state of a directory is. They are looked for in the directory and above it,
 * as far as `apps/<application>/`, and in directories below these that are no configuration themselves (`config/`).
 */
export async function findStateHints(place: Place, declared: DeclaredBackend | undefined): Promise<StateHint[]> {
  const hints = localStateOf(place, declared);
  for (const directory of directoriesUpTo(place.name)) {
    hints.push(...(await hintsIn(place.root, directory)));
    hints.push(...(await settingsBelow(place.root, directory)));
  }
  return hints.filter(({ file }, at) => hints.findIndex((other) => other.file === file) === at);
}

/** Returns the directory and those above it in `apps/<application>/`, which is the last one. */
function directoriesUpTo(name: string): string[] {
  const parts = normalize(name)
    .split('/')
    .filter((part) => part !== '');
  return parts.slice(1).map((_, above) => parts.slice(0, parts.length - above).join('/'));
}

const entriesOf = (root: string, directory: string) =>
  readdirSync(join(root, directory), { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));

async function hintsIn(root: string, directory: string): Promise<StateHint[]> {
  const hints: StateHint[] = [];
  for (const entry of entriesOf(root, directory)) {
    const kind = entry.isDirectory() ? kindOfDirectory(entry.name) : await kindOfFile(root, directory, entry.name);
    if (kind) hints.push({ kind, file: join(directory, entry.name) });
  }
  return hints;
}

const kindOfDirectory = (name: string): StateHint['kind'] | undefined =>
  LOCAL_STATES.includes(name) ? 'state' : undefined;

async function kindOfFile(root: string, directory: string, name: string): Promise<StateHint['kind'] | undefined> {
  if (TERRAGRUNT.test(name)) return 'terragrunt';
  if (STATE.test(name)) return 'state';
  if (SETTINGS.test(name)) return 'settings';
  return MAYBE_SETTINGS.test(name) && (await saysWhere(root, join(directory, name))) ? 'settings' : undefined;
}

async function settingsBelow(
  root: string,
  directory: string,
  { depth, isForBackends: isBelow } = { depth: DEPTH, isForBackends: false },
): Promise<StateHint[]> {
  if (depth === 0) return [];
  const hints: StateHint[] = [];
  for (const entry of entriesOf(root, directory)) {
    if (!entry.isDirectory() || entry.name === ENGINE_DIRECTORY) continue;
    const below = join(directory, entry.name);
    const files = entriesOf(root, below).filter((found) => !found.isDirectory());
    // Another environment, or a module: what stands there is its own.
    if (files.some(({ name }) => CONFIGURATION.test(name))) continue;
    const isForBackends = isBelow || BACKENDS.test(entry.name);
    for (const { name } of files) {
      const maybe = SETTINGS.test(name) || MAYBE_SETTINGS.test(name) || (isForBackends && MAYBE_IN_BACKENDS.test(name));
      if (maybe && !TERRAGRUNT.test(name) && (await saysWhere(root, join(below, name))))
        hints.push({ kind: 'settings', file: join(below, name) });
    }
    hints.push(...(await settingsBelow(root, below, { depth: depth - 1, isForBackends })));
  }
  return hints;
}

/** Returns whether a file, read as settings of a backend, names a bucket or a key. */
async function saysWhere(root: string, file: string): Promise<boolean> {
  const real = realPathInside(root, join(root, file));
  const found = real === undefined ? undefined : lstatSync(real);
  if (real === undefined || !found?.isFile() || found.size > MOST_BYTES) return false;
  const { attributes } = await parseSettings(file, readFileSync(real, 'utf8'));
  return attributes.some(({ name }) => name === 'bucket' || name === 'key');
}

/** Returns the file in which the directory's `local` backend keeps its state, if the commit has it. */
function localStateOf({ root, name }: Place, declared: DeclaredBackend | undefined): StateHint[] {
  const path = declared?.type === 'local' && declared.attributes.find((each) => each.name === 'path')?.literal;
  if (typeof path !== 'string' || path === '') return [];
  const file = join(name, path);
  const isThere = isInside(root, join(root, file)) && lstatSync(join(root, file), { throwIfNoEntry: false })?.isFile();
  return isThere ? [{ kind: 'state', file }] : [];
}
