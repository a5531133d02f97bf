import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import type { EngineName } from '../../../../lambdas/domain/contract/engine-release.ts';
import { PhaseError } from '../../build/failure.ts';
import { listConfigurationFiles } from '../../configuration/files.ts';
import { installedModulesIn } from '../../configuration/installed-modules.ts';
import { isInside, realPathInside } from '../../configuration/places.ts';
import type { PlannedConfiguration, PlannedModule } from './configuration-snapshot.ts';
import type { PlanFile } from './plan-file.ts';

/** The tree as `init` left it, before code of the repository ran. */
export interface InitializedTree {
  /** Path of the tree on this machine. */
  readonly root: string;
  /** The directory in the tree that was planned. */
  readonly directory: string;
  /** The engine that made the plan. It decides which files are configuration. */
  readonly engine: EngineName;
}

const MOST_NAMED = 5;

/**
 * Refuses a plan whose configuration is not that of the tree, byte for byte: its apply reads the configuration in the
 * plan and not the files. The modules must also be those that `init` found for the same calls: a directory of the tree
 * in the place of another one would consist of right files, too.
 */
export function requireSameConfiguration(
  { configuration }: Pick<PlanFile, 'configuration'>,
  tree: InitializedTree,
): void {
  const problems = [...listOtherModules(configuration, tree), ...listOtherFiles(configuration, tree)];
  if (problems.length === 0) return;
  const named = problems.slice(0, MOST_NAMED).join('; ');
  const more = problems.length > MOST_NAMED ? `; and ${problems.length - MOST_NAMED} more` : '';
  throw new PhaseError(
    'plan-file',
    `the plan was made of another configuration than that of the commit: ${named}${more}`,
    {
      reason: 'plan-of-other-configuration',
    },
  );
}

/** Returns what `init` found for every call of a module. */
function installedByCall({ root, directory }: InitializedTree): ReadonlyMap<string, Omit<PlannedModule, 'files'>> {
  const installed = installedModulesIn(join(root, directory), 'plan-file').map(
    ({ Key, Source, Version, Dir }) => [Key, { source: Source, version: Version, directory: Dir }] as const,
  );
  return new Map([...installed, ['', { source: '', version: '', directory: '.' }]]);
}

/** Lists modules that `init` found elsewhere or not at all. The engine itself notices a module that the plan lacks. */
function listOtherModules(configuration: PlannedConfiguration, tree: InitializedTree): string[] {
  const installed = installedByCall(tree);
  return [...configuration].flatMap(([key, { source, version, directory }]) => {
    const found = installed.get(key);
    const isSame =
      found?.source === source && found.version === version && normalize(found.directory) === normalize(directory);
    return isSame ? [] : [`module "${key}" is not the one that init installed`];
  });
}

function listOtherFiles(configuration: PlannedConfiguration, tree: InitializedTree): string[] {
  const problems = [...configuration].flatMap(([key, module]) => {
    const directory = normalize(join(tree.directory, module.directory));
    if (isAbsolute(module.directory) || !isInside(tree.root, join(tree.root, directory)))
      return [`module "${key}" is in no directory of the tree`];
    const ofTree = readConfigurationFiles(tree, directory);
    const names = new Set([...module.files.keys(), ...ofTree.keys()]);
    return [...names].sort().flatMap((name) => {
      const problem = compare(module.files.get(name), ofTree.get(name));
      return problem === undefined ? [] : [`"${join(directory, name)}" ${problem}`];
    });
  });
  // Two calls of one module have the same problems.
  return [...new Set(problems)];
}

function compare(planned: Buffer | undefined, ofTree: Buffer | undefined): string | undefined {
  if (!planned) return 'is not in the plan';
  if (!ofTree) return 'is not in the tree';
  return planned.equals(ofTree) ? undefined : 'differs';
}

/**
 * Returns the files that the engine reads in a directory of the tree, by name. Undefined stands for what is not a file
 * of the tree, such as a link that leads out of it.
 */
function readConfigurationFiles(
  { root, engine }: InitializedTree,
  directory: string,
): ReadonlyMap<string, Buffer | undefined> {
  const found = realPathInside(root, join(root, directory));
  if (found === undefined || !statSync(found).isDirectory()) return new Map();
  return new Map(
    listConfigurationFiles(found, engine).map((name) => {
      const file = realPathInside(root, join(found, name));
      return [name, file !== undefined && statSync(file).isFile() ? readFileSync(file) : undefined];
    }),
  );
}
