import { type BuildOverrides, planBuild } from './build-request.ts';
import { NotHolderError } from './errors.ts';
import type { ArtifactStore, Store } from './ports.ts';

/**
 * Confirms that the deployment holds its environment and is still open; answers what its plan build needs.
 * Throws NotHolderError, having changed nothing.
 */
export async function acquireEnvironment(
  { store, artifacts }: { store: Store; artifacts: Pick<ArtifactStore, 'bucket'> },
  id: string,
): Promise<BuildOverrides> {
  const deployment = await store.get('deployment', { id });
  if (!deployment) throw new NotHolderError(`acquiring the environment for "${id}": there is no such deployment`);
  const { application: name, environment: target } = deployment;
  const [state, application, environment] = await Promise.all([
    store.get('environmentState', { application: name, environment: target }),
    store.get('application', { name }),
    store.get('environment', { application: name, name: target }),
  ]);
  if (state?.holder?.deploymentId !== id || deployment.status !== 'planning')
    throw new NotHolderError(
      `acquiring ${name}/${target} for "${id}": it is ${deployment.status}, the holder is ${state?.holder?.deploymentId ?? 'nobody'}`,
    );
  if (!application || !environment) throw new NotHolderError(`acquiring ${name}/${target} for "${id}": it was removed`);
  return planBuild({ application, environment, deployment, artifactBucket: artifacts.bucket });
}
