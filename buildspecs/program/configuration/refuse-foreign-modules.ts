import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { installedModulesIn } from './installed-modules.ts';
import { OUTSIDE, refusalOf } from './module-source.ts';
import { isInside, leadsOut } from './places.ts';

/** If the source of a module is a directory of the machine, the engine installs the module as a link. */
const LINK = 'is, or has in it, a link that leads out of the repository';

/**
 * Refuses modules that `init` has taken from a path outside of the repository or by a command, no matter whether the
 * configuration or a module of another repository names them.
 */
export function refuseForeignModules(paths: WorkPaths): void {
  for (const module of installedModulesIn(paths.directory, 'modules')) {
    const refusal = refusalOf(module.Source) ?? whereFrom(paths.tree, resolve(paths.directory, module.Dir));
    if (refusal === undefined) continue;
    throw new PhaseError('modules', `the module "${module.Key}" from "${module.Source}" ${refusal}`, {
      reason: 'module-source',
    });
  }
}

function whereFrom(tree: string, place: string): string | undefined {
  if (!isInside(tree, place)) return OUTSIDE;
  if (leadsOut(tree, place)) return LINK;
  if (!existsSync(place)) return undefined;
  const links = readdirSync(place, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
  return links.some(({ name }) => leadsOut(tree, join(place, name))) ? LINK : undefined;
}
