import { runPrefix } from './deployment.ts';
import { BuildResultError, NotHolderError } from './errors.ts';
import { presentableOutputs, TerraformOutputsSchema } from './outputs.ts';
import type { ArtifactStore, Store, Surroundings } from './ports.ts';
import { runObjectKey } from './run-objects.ts';

/** Keeps the outputs of the apply with the environment; sensitive values stay in the bucket only. */
export async function recordOutputs(
  { store, artifacts, surroundings }: { store: Store; artifacts: ArtifactStore; surroundings: Surroundings },
  id: string,
): Promise<void> {
  const deployment = await store.get('deployment', { id });
  if (deployment?.status !== 'applying')
    throw new NotHolderError(`recording the outputs of "${id}": it is ${deployment?.status ?? 'absent'}`);
  const key = runObjectKey(runPrefix(deployment), 'outputs');
  const found = await artifacts.getJson(key);
  const parsed = TerraformOutputsSchema.safeParse(found?.value);
  if (!parsed.success)
    throw new BuildResultError(`recording the outputs of "${id}": the apply build left none that can be read`, {
      cause: parsed.error,
    });
  const where = { application: deployment.application, environment: deployment.environment };
  await store.transact(async (transaction) => {
    await transaction.get('outputs', where);
    transaction.put('outputs', {
      ...where,
      deploymentId: id,
      at: surroundings.now(),
      ...presentableOutputs(parsed.data),
    });
  });
}
