import { SYSTEM } from '../model/audit.ts';
import type { ConsumedPlan } from '../model/consumed-plan.ts';
import type { DeploymentIn } from '../model/deployment.ts';
import type { EnvironmentState } from '../model/environment-state.ts';
import type { Store, Surroundings } from '../ports.ts';
import { loadDeployment } from '../transaction/load-held.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { withoutApply } from './attempt.ts';
import { returnLifts } from './return-lifts.ts';

/**
 * Gives a consumed plan back, unless a build has redeemed the ticket for its apply. One transaction deletes the ticket,
 * so that a build which comes later gets no credentials, and takes deployment, digest, lifts and environment back to
 * before the plan was consumed. Returns whether it was given back. Throws NotHolderError.
 */
export async function giveBackPlan(
  { store, surroundings }: { readonly store: Store; readonly surroundings: Surroundings },
  id: string,
): Promise<boolean> {
  return store.transact(async (transaction) => {
    const deployment = await loadDeployment(transaction, id, 'giving back the plan of', ['applying']);
    const { application, environment, planned, round } = deployment;
    const where = { application, environment };
    const key = { deploymentId: id, purpose: 'apply', round } as const;
    const [ticket, consumed, state] = await Promise.all([
      transaction.get('buildTicket', key),
      transaction.get('consumedPlan', { digest: planned.digest }),
      transaction.get('environmentState', where),
    ]);
    if (ticket?.session) return false;
    if (ticket) transaction.delete('buildTicket', key);
    if (consumed?.deploymentId === id) transaction.delete('consumedPlan', { digest: planned.digest });
    if (state?.holder?.deploymentId === id && consumed)
      transaction.put('environmentState', withoutApplyStarted(state, deployment, consumed));
    const returned = await returnLifts(transaction, deployment);
    transaction.put('deployment', withoutApply(deployment));
    recordEvent(transaction, surroundings, id, 'plan-given-back', undefined, { digest: planned.digest });
    await recordAudit(transaction, surroundings, {
      ...where,
      deploymentId: id,
      type: 'plan-given-back',
      ...SYSTEM,
      digest: planned.digest,
      details: {
        liftsReturned: returned.protection,
        ...(returned.proof.length > 0 && { proofLiftsReturned: returned.proof }),
      },
    });
    return true;
  });
}

/**
 * Takes back what the record of the environment says since the plan was consumed. A hold that somebody has set or
 * lifted meanwhile stays as it is.
 */
function withoutApplyStarted(
  state: EnvironmentState,
  { operation }: DeploymentIn<'applying'>,
  { at, before }: ConsumedPlan,
): EnvironmentState {
  if (!before) return state;
  const { newestStarted: _newestStarted, appliedCommit: _appliedCommit, ...rest } = state;
  const { newestStarted, appliedCommit, resources, hold } = before;
  const isOwnHold = operation === 'rollback' && state.hold?.at === at;
  return {
    ...rest,
    newestStarted,
    ...(appliedCommit && { appliedCommit }),
    ...(resources && !state.resources && { resources }),
    ...(isOwnHold && { hold }),
  };
}
