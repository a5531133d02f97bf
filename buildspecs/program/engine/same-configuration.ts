import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, normalize, relative, sep } from 'node:path';
import * as z from 'zod';
import type { EngineName } from '../../../lambdas/domain/engine-release.ts';
import { PhaseError } from '../build/failure.ts';
import { listConfigurationFiles } from '../configuration/files.ts';
import type { PlannedConfiguration, PlannedModule } from './configuration-snapshot.ts';
import type { PlanFile } from './plan-file.ts';

/** The tree as `init` left it, before code of the repository ran. */
export interface InitializedTree {
  /** Path of the tree on this machine. */
  readonly root: string;
  /** The directory in it that was planned. */
  readonly directory: string;
  /** Which files are configuration depends on it. */
  readonly engine: EngineName;
}

const MOST_NAMED = 5;

/**
 * Refuses a plan whose configuration is not that of the tree, byte for byte: its apply reads what the plan carries, and
 * not the files. The modules have to be those that `init` found for the same calls, since a directory of the tree in the
 * place of another would be made of right files too.
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

const InstalledModules = z.object({
  Modules: z.array(
    z.object({
      Key: z.string(),
      Source: z.string().default(''),
      Version: z.string().default(''),
      Dir: z.string(),
    }),
  ),
});

/** What `init` found for every call of a module. */
function readInstalledModules({ root, directory }: InitializedTree): ReadonlyMap<string, Omit<PlannedModule, 'files'>> {
  const file = join(root, directory, '.terraform', 'modules', 'modules.json');
  const { Modules } = existsSync(file)
    ? InstalledModules.parse(JSON.parse(readFileSync(file, 'utf8')))
    : { Modules: [] };
  const installed = Modules.map(
    ({ Key, Source, Version, Dir }) => [Key, { source: Source, version: Version, directory: Dir }] as const,
  );
  return new Map([...installed, ['', { source: '', version: '', directory: '.' }]]);
}

/** Modules that were found somewhere else, or not at all. One that is missing in the plan is missed by the engine. */
function listOtherModules(configuration: PlannedConfiguration, tree: InitializedTree): string[] {
  const installed = readInstalledModules(tree);
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
    if (isAbsolute(module.directory) || leadsOut(directory)) return [`module "${key}" is in no directory of the tree`];
    const ofTree = readConfigurationFiles(tree, directory);
    const names = new Set([...module.files.keys(), ...ofTree.keys()]);
    return [...names].sort().flatMap((name) => {
      const problem = compare(module.files.get(name), ofTree.get(name));
      return problem === undefined ? [] : [`"${join(directory, name)}" ${problem}`];
    });
  });
  // Two calls of one module tell the same.
  return [...new Set(problems)];
}

function compare(planned: Buffer | undefined, ofTree: Buffer | undefined): string | undefined {
  if (!planned) return 'is not in the plan';
  if (!ofTree) return 'is not in the tree';
  return planned.equals(ofTree) ? undefined : 'differs';
}

const leadsOut = (path: string) => path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);

/** What the engine reads in a directory of the tree, by name; undefined for what is no file of the tree, as a link out of it. */
function readConfigurationFiles(
  { root, engine }: InitializedTree,
  directory: string,
): ReadonlyMap<string, Buffer | undefined> {
  const inTree = (path: string): string | undefined => {
    const found = realPathOf(path);
    return found === undefined || leadsOut(relative(realpathSync.native(root), found)) ? undefined : found;
  };
  const found = inTree(join(root, directory));
  if (found === undefined || !statSync(found).isDirectory()) return new Map();
  return new Map(
    listConfigurationFiles(found, engine).map((name) => {
      const file = inTree(join(found, name));
      return [name, file !== undefined && statSync(file).isFile() ? readFileSync(file) : undefined];
    }),
  );
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
