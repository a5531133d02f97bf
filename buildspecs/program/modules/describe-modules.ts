import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import { type LockFile, ModuleIdentitiesSchema } from '../../../lambdas/domain/contract/module-identities.ts';
import type { AnyBuild } from '../build/run-build.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { identifyModules } from './identify-modules.ts';
import { listUndestroyed } from './undestroyed.ts';

/** What is needed of a build. */
interface DescribingBuild {
  readonly variables: Pick<AnyBuild['variables'], 'STAGEGATE_OPERATION'>;
  readonly paths: Pick<WorkPaths, 'tree' | 'directory'>;
  log(line: string): void;
}

/**
 * Returns the identities of the modules in the tree, as they are stored, with the resources that the engine does not
 * destroy, and with what the lock file pins if that is given. Returns undefined for a destruction, which runs no module
 * anew, and where the address of a call is too long to be told. Then nobody takes these modules as proven.
 */
export async function describeModules(
  build: DescribingBuild,
  engine: EngineName,
  lockFile?: LockFile,
): Promise<string | undefined> {
  if (build.variables.STAGEGATE_OPERATION === 'destroy') return undefined;
  const identified = await identifyModules(build.paths, engine);
  const undestroyed = await listUndestroyed(build.paths, engine);
  const identities = ModuleIdentitiesSchema.safeParse({
    ...identified,
    ...(undestroyed.length > 0 && { undestroyed }),
    ...(lockFile && { lockFile }),
  });
  if (identities.success) return `${JSON.stringify(identities.data)}\n`;
  build.log('the identities of the modules are not stored: the address of a call is too long');
  return undefined;
}
