import { type ModuleIdentities, ModuleIdentitiesSchema } from '../contract/module-identities.ts';
import { type Deployment, runPrefix } from '../model/deployment.ts';
import type { ArtifactStore } from '../ports.ts';
import { readResult } from './read-result.ts';

/**
 * Reads the identities of the modules that a build found in the tree as `init` left it: the inspect build, or the plan
 * build before it ran any code of the repository. Returns undefined if it left none that can be read.
 */
export async function readIdentities(
  artifacts: ArtifactStore,
  deployment: Deployment,
  { isInspected }: { readonly isInspected: boolean },
): Promise<ModuleIdentities | undefined> {
  const object = isInspected ? 'inspectedIdentities' : 'identities';
  return (await readResult(artifacts, runPrefix(deployment), object, ModuleIdentitiesSchema)).result;
}
