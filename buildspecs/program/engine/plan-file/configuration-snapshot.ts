import * as z from 'zod';
import type { PlanArchive } from './plan-archive.ts';
import { parseEntry } from './plan-entry.ts';
import { PlanFileError } from './plan-file-error.ts';
import { isPlainLine } from './strict-text.ts';

/** A module as it was when the plan was made. The root module is one, too. */
export interface PlannedModule {
  /** Source as the module manifest has it; empty for the root module. Most modules have an empty version. */
  readonly source: string;
  readonly version: string;
  /** Path relative to the directory that was planned. */
  readonly directory: string;
  /** The files that the engine has read, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Modules by their path of calls (`net.inner`). The path of the root module is empty. */
export type PlannedConfiguration = ReadonlyMap<string, PlannedModule>;

const MANIFEST = 'tfconfig/modules.json';
const CONFIGURATION = 'tfconfig/';
/** Enough for more modules than a plan file may have entries. */
const MOST_MANIFEST_BYTES = 8 * 1024 * 1024;
const FILE = /^tfconfig\/m-([^/]*)\/([^/]+)$/;

const Shown = z.string().refine(isPlainLine);

/** Strict, because the engine ignores upper and lower case: it would take a `dir` for the `Dir`. */
const Manifest = z.array(
  z.strictObject({
    Key: Shown,
    Source: z.string().default(''),
    Version: z.string().default(''),
    Dir: Shown.min(1),
  }),
);

/** Reads the configuration that a plan contains, which its apply reads instead of the files. */
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
