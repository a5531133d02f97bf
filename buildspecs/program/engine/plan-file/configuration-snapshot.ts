import * as z from 'zod';
import type { PlanArchive } from './plan-archive.ts';
import { parseEntry } from './plan-entry.ts';
import { PlanFileError } from './plan-file-error.ts';
import { isPlainLine } from './strict-text.ts';

/** A module as it was when the plan was made, the root module too. */
export interface PlannedModule {
  /** As the module manifest has it; empty for the root module, and without a version for most. */
  readonly source: string;
  readonly version: string;
  /** Relative to the directory that was planned. */
  readonly directory: string;
  /** The files the engine has read, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Modules by their path of calls (`net.inner`); that of the root module is empty. */
export type PlannedConfiguration = ReadonlyMap<string, PlannedModule>;

const MANIFEST = 'tfconfig/modules.json';
const CONFIGURATION = 'tfconfig/';
/** Of more modules than there may be entries. */
const MOST_MANIFEST_BYTES = 8 * 1024 * 1024;
const FILE = /^tfconfig\/m-([^/]*)\/([^/]+)$/;

const Shown = z.string().refine(isPlainLine);

/** Strict, because the engine does not care about upper and lower case: it would take a `dir` for the `Dir`. */
const Manifest = z.array(
  z.strictObject({
    Key: Shown,
    Source: z.string().default(''),
    Version: z.string().default(''),
    Dir: Shown.min(1),
  }),
);

/** The configuration that a plan carries, and that its apply reads in the place of the files. */
export function readConfigurationSnapshot(archive: PlanArchive): PlannedConfiguration {
  const files = new Map<string, Map<string, Buffer>>();
  const modules = new Map<string, PlannedModule>();
  for (const { Key, Source, Version, Dir } of parseEntry(archive, MANIFEST, Manifest, MOST_MANIFEST_BYTES)) {
    if (modules.has(Key)) throw new PlanFileError(`"${MANIFEST}" of the plan file has two modules with one key`);
    const own = new Map<string, Buffer>();
    files.set(Key, own);
    modules.set(Key, { source: Source, version: Version, directory: Dir, files: own });
  }
  if (!modules.has('')) throw new PlanFileError('the plan file has no root module');
  for (const [name, entry] of archive) {
    if (!name.startsWith(CONFIGURATION) || name === MANIFEST) continue;
    const [, key = '', file = ''] = FILE.exec(name) ?? [];
    const own = file === '' ? undefined : files.get(key);
    if (!own) throw new PlanFileError(`the entry "${name}" of the plan file belongs to no module`);
    own.set(file, entry.read());
  }
  return modules;
}
