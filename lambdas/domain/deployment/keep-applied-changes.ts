import { appliesOf, MOST_APPLIES } from '../model/applied-changes.ts';
import type { Deployment } from '../model/deployment.ts';
import type { EnvironmentState } from '../model/environment-state.ts';
import type { Reader, Transaction } from '../ports.ts';

/**
 * Puts a deployment that ends into the order of applies of its environment, with what it has changed, and notes where
 * its release first came there. An apply that changed nothing is left out.
 */
export async function keepAppliedChanges(
  transaction: Transaction,
  before: Deployment,
  ended: Deployment,
): Promise<void> {
  const { application, environment, release, id: deploymentId, operation } = ended;
  if (release === undefined) return;
  const isApply = before.status === 'applying' && !(ended.status === 'failed' && ended.applied === 'no');
  if (!isApply && ended.status !== 'succeeded') return;
  const where = { application, environment };
  const state = await transaction.get('environmentState', where);
  if (!state) throw new Error(`environment ${application}/${environment} has no state`);
  const order = appliesOf(state) + (isApply ? 1 : 0);
  if (isApply) {
    const planned = await transaction.get('plannedChanges', { deploymentId });
    const isWhole = ended.status === 'succeeded' || ('applied' in ended && ended.applied === 'yes');
    const ending = isWhole ? 'whole' : 'partly';
    const changes = planned?.changes && { changes: planned.changes };
    // A version before rehearsals drops the count from the state. Then numbers come again, and the newest apply counts.
    await transaction.get('appliedChanges', { ...where, order });
    transaction.put('appliedChanges', { ...where, order, deploymentId, ending, ...changes });
    transaction.put('environmentState', { ...state, applies: order });
    await dropOldest(transaction, { ...where, order: order - MOST_APPLIES });
  }
  if (operation !== 'destroy') await keepFirstApply(transaction, state, release, order);
}

/** Reads in parallel the records that `keepAppliedChanges` would read one after the other. */
export async function readForAppliedChanges(ahead: Reader, deployment: Deployment): Promise<void> {
  const { id, application, environment, release } = deployment;
  if (release === undefined) return;
  await Promise.all([
    ahead.get('firstApply', { application, environment, release }),
    deployment.status === 'applying' && ahead.get('plannedChanges', { deploymentId: id }),
  ]);
}

async function keepFirstApply(
  transaction: Transaction,
  { application, environment, rehearsedAfter = 0 }: EnvironmentState,
  release: number,
  order: number,
): Promise<void> {
  const where = { application, environment, release };
  const known = await transaction.get('firstApply', where);
  if (known?.rehearsedAfter === rehearsedAfter && known.order <= order) return;
  const outcome = await transaction.get('outcome', where);
  // An outcome from before rehearsals: nobody knows after which apply the release first came here.
  const isFirst = outcome === undefined || outcome.ending !== undefined;
  transaction.put('firstApply', { ...where, order: isFirst ? order : rehearsedAfter, rehearsedAfter });
}

async function dropOldest(
  transaction: Transaction,
  oldest: { application: string; environment: string; order: number },
): Promise<void> {
  if (oldest.order < 1 || !(await transaction.get('appliedChanges', oldest))) return;
  transaction.delete('appliedChanges', oldest);
}
