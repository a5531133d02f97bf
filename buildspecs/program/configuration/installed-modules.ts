import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import * as z from 'zod';
import { PhaseError } from '../build/failure.ts';
import type { Phase } from '../build/phases.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { ENGINE_DIRECTORY, MODULE_MANIFEST } from './engine-files.ts';

/** What `init` writes about the modules that it has installed, including the root module. */
const ManifestSchema = z.object({
  Modules: z.array(z.object({ Key: z.string(), Source: z.string(), Version: z.string().default(''), Dir: z.string() })),
});
export type InstalledModule = z.infer<typeof ManifestSchema>['Modules'][number];

/** Returns the module manifest of a directory unchanged, or an empty manifest if there is none. */
export function readManifest(directory: string): Buffer | string {
  const file = join(directory, MODULE_MANIFEST);
  return existsSync(file) ? readFileSync(file) : '{"Modules":[]}';
}

/** Returns the modules that `init` has installed for a directory. Throws PhaseError. */
export function installedModulesIn(directory: string, phase: Phase): readonly InstalledModule[] {
  try {
    return ManifestSchema.parse(JSON.parse(readManifest(directory).toString())).Modules;
  } catch {
    throw new PhaseError(phase, `what "init" wrote of the modules (${MODULE_MANIFEST}) cannot be read`);
  }
}

/** Returns the directories of installed modules that are the commit's own, by their paths in the tree. */
export const localModulesIn = ({ tree, directory }: Pick<WorkPaths, 'tree' | 'directory'>): readonly string[] =>
  installedModulesIn(directory, 'modules')
    .map(({ Dir }) => relative(tree, resolve(directory, Dir)))
    .filter((path) => !path.split(sep).includes(ENGINE_DIRECTORY));
