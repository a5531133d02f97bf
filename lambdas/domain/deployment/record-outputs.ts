import { applyPrefix } from '../build/run-prefix.ts';
import { runObjectKey } from '../contract/run-objects.ts';
import { BuildResultError } from '../errors.ts';
import { presentableOutputs, TerraformOutputsSchema } from '../model/outputs.ts';
import type { ArtifactStore, Store, Surroundings } from '../ports.ts';
import { loadDeployment } from '../transaction/load-held.ts';

/** Stores the outputs of the apply with the environment; sensitive values stay only in the bucket. */
export async function recordOutputs(
  { store, artifacts, surroundings }: { store: Store; artifacts: ArtifactStore; surroundings: Surroundings },
  id: string,
): Promise<void> {
  const ahead = await store.readAhead();
  const deployment = await loadDeployment(ahead, id, 'recording the outputs of', ['applying']);
  const where = { application: deployment.application, environment: deployment.environment };
  const [found] = await Promise.all([
    artifacts.getJson(runObjectKey(applyPrefix(deployment), 'outputs')),
    ahead.get('outputs', where),
  ]);
  const parsed = TerraformOutputsSchema.safeParse(found?.value);
  if (!parsed.success)
    throw new BuildResultError(`recording the outputs of "${id}": the apply build left none that can be read`, {
      cause: parsed.error,
    });
  await store.transact(async (transaction) => {
    await transaction.get('outputs', where);
    transaction.put('outputs', {
      ...where,
      deploymentId: id,
      at: surroundings.now(),
      ...presentableOutputs(parsed.data),
    });
  }, ahead);
}
