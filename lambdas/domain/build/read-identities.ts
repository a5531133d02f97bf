import type { Undestroyed } from '../contract/destroy-settings.ts';
import { type LockFile, type ModuleIdentities, ModuleIdentitiesSchema } from '../contract/module-identities.ts';
import type { Deployment } from '../model/deployment.ts';
import type { ArtifactStore } from '../ports.ts';
import { readResult } from './read-result.ts';
import { runPrefix } from './run-prefix.ts';

/** What builds found in the tree as `init` left it; a part is absent if no build left it in a form that can be read. */
export interface FoundInTree {
  readonly identities?: ModuleIdentities;
  readonly lockFile?: LockFile;
  /** Resources that the engine does not destroy. */
  readonly undestroyed?: readonly Undestroyed[];
}

/**
 * Reads the identities of the modules: from the inspect build if there was one, otherwise from the plan build, which
 * lists them before it runs any code of the repository. Only the plan build sees which files are in the commit, and
 * the repositories from which modules came.
 */
export async function readIdentities(
  artifacts: ArtifactStore,
  deployment: Deployment,
  { isInspected }: { readonly isInspected: boolean },
): Promise<FoundInTree> {
  const read = async (object: 'identities' | 'inspectedIdentities') =>
    (await readResult(artifacts, runPrefix(deployment), object, ModuleIdentitiesSchema)).result;
  const [planned, inspected] = await Promise.all([
    read('identities'),
    isInspected ? read('inspectedIdentities') : undefined,
  ]);
  const identities = isInspected ? inspected && withCommits(inspected, planned) : planned;
  const undestroyed = (isInspected ? inspected : planned)?.undestroyed;
  return {
    ...(identities && { identities }),
    ...(planned?.lockFile && { lockFile: planned.lockFile }),
    ...(undestroyed && { undestroyed }),
  };
}

/** Adds the commits of modules, which are for people only. */
function withCommits(inspected: ModuleIdentities, planned: ModuleIdentities | undefined): ModuleIdentities {
  if (!('modules' in inspected) || !planned || !('modules' in planned)) return inspected;
  const commits = new Map(planned.modules.map(({ call, identity, commit }) => [`${call} ${identity}`, commit]));
  return {
    modules: inspected.modules.map((module) => {
      const commit = commits.get(`${module.call} ${module.identity}`);
      return { ...module, ...(commit !== undefined && { commit }) };
    }),
  };
}
