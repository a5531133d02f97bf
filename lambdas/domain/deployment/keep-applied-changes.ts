import { type AppliedChanges, appliesOf, MOST_APPLIES } from '../model/applied-changes.ts';
import type { Deployment } from '../model/deployment.ts';
import type { EnvironmentState } from '../model/environment-state.ts';
import type { Reader, Transaction } from '../ports.ts';

/**
 * Puts a deployment that ends into the order of applies of its environment, with what it has changed, and notes where
 * its release first came there. An apply that changed nothing is left out.
 *
 * `isRepeated`: whether the transaction was tried before. Then an earlier apply may have the same number, because a
 * version from before rehearsals has dropped the count from the state. The newer apply takes its place. The first try
 * expects none, and reads nothing to know that.
 */
export async function keepAppliedChanges(
  transaction: Transaction,
  before: Deployment,
  ended: Deployment,
  { isRepeated }: { readonly isRepeated: boolean },
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
    const kept: AppliedChanges = { ...where, order, deploymentId, ending, ...changes };
    if (isRepeated) {
      await transaction.get('appliedChanges', kept);
      transaction.put('appliedChanges', kept);
    } else transaction.insert('appliedChanges', kept);
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
