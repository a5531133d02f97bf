import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkPaths } from '../build/work-paths.ts';

/** The engine's list of the modules that `init` installed; without any it writes none. */
export function readModules({ directory }: WorkPaths): Buffer | string {
  const file = join(directory, '.terraform', 'modules', 'modules.json');
  return existsSync(file) ? readFileSync(file) : '{"Modules":[]}';
}
