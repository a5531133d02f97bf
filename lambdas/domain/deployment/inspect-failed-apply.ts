import * as z from 'zod';
import { mayTryAgain } from '../build/attempt.ts';
import { findApply } from '../build/find-apply.ts';
import { beginNextRound, MOST_ROUNDS } from '../build/next-round.ts';
import { readResult } from '../build/read-result.ts';
import { applyPrefix } from '../build/run-prefix.ts';
import { ApplyResultSchema } from '../contract/build-result.ts';
import { isUnanswered } from '../contract/start-errors.ts';
import type { Deployment, DeploymentIn } from '../model/deployment.ts';
import type { ArtifactStore, Builds, Store, Surroundings } from '../ports.ts';
import { loadDeployment } from '../transaction/load-held.ts';
import { PAUSES_OF_APPLY, pauseAfter } from './pause-after.ts';

export const ApplyInspectionSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('failed') }),
  /** Terraform refused the plan; it is made again. */
  z.object({ outcome: z.literal('stale') }),
  /** A build is applying the plan, although Apply has ended. */
  z.object({ outcome: z.literal('running'), waitSeconds: z.int().min(1) }),
  /** A build whose start had remained unknown has applied the plan. */
  z.object({ outcome: z.literal('succeeded') }),
  /** No build has begun, and the plan was given back to be applied by another one. */
  z.object({ outcome: z.literal('not-begun') }),
]);
export type ApplyInspection = z.infer<typeof ApplyInspectionSchema>;

interface Services {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly builds: Pick<Builds, 'statusOf'>;
  readonly surroundings: Surroundings;
}

/**
 * Finds out what became of an apply whose task failed with `error`. A plan that Terraform refused as stale before it did
 * anything is made again, unless it was made too often already. A plan whose apply never began is given back, and may be
 * applied again if StartBuild was not answered; if it was refused, it was so for hours. Without `error`, the caller knows the outcomes `failed` and `stale` alone. Safe to
 * repeat: a second call returns the same, or how it goes on. Throws NotHolderError.
 */
export async function inspectFailedApply(services: Services, id: string, error?: string): Promise<ApplyInspection> {
  const ahead = await services.store.readAhead();
  const begun = await ahead.get('deployment', { id });
  if (begun?.status === 'planning' && begun.stale) return { outcome: 'stale' };
  if (error !== undefined && begun?.status === 'planning') return afterGivingBack(begun, error);
  const deployment = await loadDeployment(ahead, id, 'inspecting the apply of', ['applying']);
  if (error !== undefined) {
    const found = await findApply(services, deployment);
    if (found === 'given-back') return afterGivingBack(deployment, error);
    if (found === 'succeeded') return { outcome: 'succeeded' };
    if (found === 'running') {
      const waitSeconds = pauseAfter(deployment.consumedAt, services.surroundings.now(), PAUSES_OF_APPLY);
      return { outcome: 'running', waitSeconds };
    }
  }
  const mayPlanAgain = deployment.round < MOST_ROUNDS && !deployment.cancelRequestedBy;
  if (!mayPlanAgain || !(await wasRefusedAsStale(services.artifacts, deployment))) return { outcome: 'failed' };
  await beginNextRound(services, id, 'refused-as-stale');
  return { outcome: 'stale' };
}

const afterGivingBack = (deployment: Deployment, error: string): ApplyInspection =>
  isUnanswered(error) && mayTryAgain(deployment) ? { outcome: 'not-begun' } : { outcome: 'failed' };

async function wasRefusedAsStale(artifacts: ArtifactStore, deployment: DeploymentIn<'applying'>): Promise<boolean> {
  const { result } = await readResult(artifacts, applyPrefix(deployment), 'applyResult', ApplyResultSchema);
  return result?.ok === false && result.reason === 'plan-stale' && result.applied === 'no';
}
