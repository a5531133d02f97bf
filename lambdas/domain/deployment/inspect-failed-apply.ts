import * as z from 'zod';
import { beginNextRound, MOST_ROUNDS } from '../build/next-round.ts';
import { readResult } from '../build/read-result.ts';
import { ApplyResultSchema } from '../contract/build-result.ts';
import { type DeploymentIn, runPrefix } from '../model/deployment.ts';
import type { ArtifactStore, Store, Surroundings } from '../ports.ts';
import { loadDeployment } from '../transaction/load-held.ts';

export const ApplyInspectionSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('failed') }),
  z.object({ outcome: z.literal('stale') }),
]);
export type ApplyInspection = z.infer<typeof ApplyInspectionSchema>;

/**
 * Finds out why an apply build failed. A plan that Terraform refused as stale before it did anything is made again,
 * unless it was made too often already. Everything else is a failure. Safe to repeat: a second call returns the same.
 * Throws NotHolderError.
 */
export async function inspectFailedApply(
  services: { readonly store: Store; readonly artifacts: ArtifactStore; readonly surroundings: Surroundings },
  id: string,
): Promise<ApplyInspection> {
  const ahead = await services.store.readAhead();
  const begun = await ahead.get('deployment', { id });
  if (begun?.status === 'planning' && begun.stale) return { outcome: 'stale' };
  const deployment = await loadDeployment(ahead, id, 'inspecting the apply of', ['applying']);
  const mayPlanAgain = deployment.round < MOST_ROUNDS && !deployment.cancelRequestedBy;
  if (!mayPlanAgain || !(await wasRefusedAsStale(services.artifacts, deployment))) return { outcome: 'failed' };
  await beginNextRound(services, id, 'refused-as-stale');
  return { outcome: 'stale' };
}

async function wasRefusedAsStale(artifacts: ArtifactStore, deployment: DeploymentIn<'applying'>): Promise<boolean> {
  const { result } = await readResult(artifacts, runPrefix(deployment), 'applyResult', ApplyResultSchema);
  return result?.ok === false && result.reason === 'plan-stale' && result.applied === 'no';
}
