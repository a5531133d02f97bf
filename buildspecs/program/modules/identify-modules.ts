import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import {
  MOST_MODULE_CALLS,
  type ModuleIdentities,
  type ModuleIdentity,
} from '../../../lambdas/domain/contract/module-identities.ts';
import { overrideFileName } from '../backend/complete-backend.ts';
import { PhaseError } from '../build/failure.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { installedModulesIn } from '../configuration/installed-modules.ts';
import { isInside, leadsOut, realPathInside } from '../configuration/places.ts';
import { ContentHashes } from './content-hashes.ts';
import { moduleCallsOf } from './module-calls.ts';
import { listContent } from './module-content.ts';
import { readsOutside } from './outside-reads.ts';
import { commitsOf } from './package-commits.ts';

type Content = Pick<ModuleIdentity, 'identity' | 'readsOutside'>;

/**
 * Returns the identity of every module call of the planned directory, nested ones too, from the tree as `init` left it.
 * Hashes each file once, in pieces. Throws PhaseError if the list of modules cannot be read or names a place outside.
 */
export async function identifyModules(
  paths: Pick<WorkPaths, 'tree' | 'directory'>,
  engine: EngineName,
): Promise<ModuleIdentities> {
  const installed = installedModulesIn(paths.directory, 'bundle');
  const calls = moduleCallsOf(installed);
  if (calls.length > MOST_MODULE_CALLS) return { tooMany: calls.length };
  const commitOf = commitsOf(paths.directory, installed);
  const contents = new ModuleContents(paths, engine);
  const modules: ModuleIdentity[] = [];
  for (const call of calls) {
    const commit = commitOf(call);
    const content = await contents.of(call.Dir, call.address);
    modules.push({ call: call.address, ...content, ...(commit !== undefined && { commit }) });
  }
  return { modules };
}

/** The contents of module directories. Calls of one directory share its content. */
class ModuleContents {
  private readonly hashes = new ContentHashes();
  private readonly known = new Map<string, Content>();
  private readonly paths: Pick<WorkPaths, 'tree' | 'directory'>;
  private readonly engine: EngineName;
  /** What Stagegate wrote itself. A module has it if the planned directory is in the module's. */
  private readonly written: Buffer;

  constructor(paths: Pick<WorkPaths, 'tree' | 'directory'>, engine: EngineName) {
    this.paths = paths;
    this.engine = engine;
    const planned = realPathInside(paths.tree, paths.directory) ?? paths.directory;
    this.written = Buffer.from(join(planned, overrideFileName));
  }

  async of(named: string, call: string): Promise<Content> {
    const { tree, directory } = this.paths;
    const place = resolve(directory, named);
    if (!isInside(tree, place) || leadsOut(tree, place))
      throw new PhaseError('bundle', `the directory "${named}" of ${call} lies outside of the repository`);
    const real = realPathInside(tree, place);
    const key = real ?? '';
    const found = this.known.get(key) ?? (await this.read(real));
    this.known.set(key, found);
    return found;
  }

  /** The engine accepts a directory that is empty or missing. Both have the same identity. */
  private async read(directory: string | undefined): Promise<Content> {
    if (directory === undefined || !statSync(directory).isDirectory()) return { identity: this.hashes.identityOf([]) };
    const content = listContent(directory, (place) => place.equals(this.written));
    const reads = readsOutside(directory, content, this.engine);
    return { identity: this.hashes.identityOf(content), ...(reads && { readsOutside: true }) };
  }
}
