import * as z from 'zod';
import { beginNextRound, planOfRound } from '../build/next-round.ts';
import { isShown, type StateHead } from '../contract/state-head.ts';
import type { Planned, Staleness } from '../model/deployment.ts';
import { policyOf } from '../policy.ts';
import type { StateReader, Store, Surroundings } from '../ports.ts';
import { findApplication, findEnvironment } from '../transaction/find.ts';
import { loadDeployment } from '../transaction/load-held.ts';

export const PlanCheckSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('current') }),
  z.object({ outcome: z.literal('stale') }),
]);
export type PlanCheck = z.infer<typeof PlanCheckSchema>;

interface Services {
  readonly store: Store;
  readonly states: StateReader;
  readonly surroundings: Surroundings;
}

/**
 * Checks, before the approved plan is used up, that the Terraform state has not changed since the plan was made and
 * that the plan is not too old: approvals, and bans on applies, may take days. A stale plan is made again (rule 3). Safe
 * to repeat: a second call returns the same. Throws NotHolderError, PlanStaleError, StateUnreadableError.
 */
export async function checkPlan(services: Services, id: string): Promise<PlanCheck> {
  const { store, states, surroundings } = services;
  const ahead = await store.readAhead();
  const begun = await ahead.get('deployment', { id });
  if (begun?.status === 'planning' && begun.stale) return { outcome: 'stale' };
  const deployment = await loadDeployment(ahead, id, 'checking the plan of', ['planning', 'awaiting_approval']);
  const planned = planOfRound(deployment, 'checking the plan of');
  // ConsumePlan ends the deployment, so no new plan is needed.
  if (deployment.cancelRequestedBy) return { outcome: 'current' };
  const [{ policy }, environment] = await Promise.all([
    findApplication(ahead, deployment.application),
    findEnvironment(ahead, deployment.application, deployment.environment),
  ]);
  const maxAgeSeconds = policyOf(environment, policy).planMaxAgeSeconds;
  const { state, stateAddress } = planned;
  const head = isShown(state) ? await states.head(environment, stateAddress) : null;
  const staleness = stalenessOf(planned, head, { now: surroundings.now(), maxAgeSeconds });
  if (!staleness) {
    if (deployment.appliesBannedSince) await endWait(services, id);
    return { outcome: 'current' };
  }
  await beginNextRound(services, id, staleness);
  return { outcome: 'stale' };
}

/** Lets ConsumePlan use up a plan that has waited while applies were banned: it is checked now. */
async function endWait({ store }: Pick<Services, 'store'>, id: string): Promise<void> {
  await store.transact(async (transaction) => {
    const waiting = await loadDeployment(transaction, id, 'checking the plan of', ['planning', 'awaiting_approval']);
    const { appliesBannedSince: _over, ...deployment } = waiting;
    transaction.put('deployment', deployment);
  });
}

/**
 * Returns why a plan is stale, if it is. The engine also compares serial and lineage, but only during the apply; where
 * the plan does not show them, only the engine does.
 */
export function stalenessOf(
  { state, plannedAt }: Pick<Planned, 'state' | 'plannedAt'>,
  head: StateHead | null,
  { now, maxAgeSeconds }: { readonly now: string; readonly maxAgeSeconds: number },
): Staleness | undefined {
  if (isShown(state) && !isSame(state, head)) return 'state-changed';
  return Date.parse(now) - Date.parse(plannedAt) > maxAgeSeconds * 1000 ? 'plan-too-old' : undefined;
}

const isSame = (one: StateHead | null, other: StateHead | null): boolean =>
  one?.serial === other?.serial && one?.lineage === other?.lineage;
