import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import { type HclFile, parseHcl } from '../configuration/hcl.ts';
import { realPathInside } from '../configuration/places.ts';
import { NUL } from '../configuration/read-configuration.ts';
import type { BackendSetting } from './declared-backend.ts';
import { refuseSettings } from './refused-settings.ts';

/** A file of the repository that completes the backend, as the environment's setting `backendConfigFile` names it. */
export interface BackendConfigFile {
  /** Path in the repository, for messages. */
  readonly file: string;
  /** Path from the directory in which the engine runs. */
  readonly path: string;
  readonly settings: readonly BackendSetting[];
}

/** Far more than the settings of a backend need. */
export const MOST_BYTES = 64 * 1024;

/**
 * Reads the file that the setting names. The engine reads it again and takes its values; what is read here decides what
 * is refused and what is left open. `root` is the repository, `name` the directory's path in it, `lockTable` the table that
 * the environment's roles may use.
 */
export async function readBackendConfigFile(
  path: string,
  { root, name, lockTable }: { readonly root: string; readonly name: string; readonly lockTable: string },
): Promise<BackendConfigFile> {
  const file = join(name, path);
  const text = readText(root, file);
  const [before = ''] = text.split(NUL, 1);
  if (before !== text) throw unparsable(file, before.split('\n').length);
  const { attributes, blocks, errorLine } = await parseSettings(path, text);
  if (errorLine !== undefined) throw unparsable(file, errorLine);
  refuseSettings(
    file,
    [...attributes, ...blocks.map(({ type, line }) => ({ name: type, line, literal: undefined }))].sort(
      (one, other) => one.line - other.line,
    ),
    lockTable,
  );
  const [block] = blocks;
  if (block)
    throw new PhaseError(
      'backend',
      `${file}:${block.line}: a file of backend settings has lines such as bucket = "…", and no block "${block.type}"`,
    );
  return { file, path, settings: attributes };
}

function readText(root: string, file: string): string {
  const real = realPathInside(root, join(root, file));
  if (real === undefined || !statSync(real).isFile())
    throw new PhaseError(
      'backend',
      `${file}, which "backendConfigFile" of the environment names, is no file of the commit; commit it, or change the setting`,
    );
  const { size } = statSync(real);
  if (size > MOST_BYTES)
    throw new PhaseError('backend', `${file} has ${size} bytes, which are too many for a file of backend settings`);
  return readFileSync(real, 'utf8');
}

/** Parses a file of settings, in HCL or in its JSON form, as the engine does by the name. */
export async function parseSettings(path: string, text: string): Promise<HclFile> {
  if (!path.endsWith('.json')) return parseHcl(text);
  // Loaded only here, because few directories have such a file.
  const { parseJsonFile } = await import('../configuration/json-file.ts');
  return parseJsonFile(text);
}

const unparsable = (file: string, line: number) =>
  new PhaseError('backend', `${file}:${line}: not valid as settings of a backend`, { reason: 'unparsable' });
