import type { Deployment } from '../model/deployment.ts';
import type { Reader, Store } from '../ports.ts';

const keyOf = ({ id, round }: Pick<Deployment, 'id' | 'round'>) =>
  ({ deploymentId: id, purpose: 'apply', round }) as const;

/** Returns the ticket for the apply of a deployment's present round. */
export const findApplyTicket = (reader: Reader, deployment: Pick<Deployment, 'id' | 'round'>) =>
  reader.get('buildTicket', keyOf(deployment));

/**
 * Returns the build that has redeemed the ticket for the apply, as a list. The execution does not know this build if the
 * answer of StartBuild was lost.
 */
export async function redeemingBuild(reader: Reader, deployment: Deployment): Promise<readonly string[]> {
  const ticket = await findApplyTicket(reader, deployment);
  return ticket?.session?.buildId === undefined ? [] : [ticket.session.buildId];
}

/** Deletes the ticket for the apply unless a build has redeemed it: from then on no build can begin. */
export async function deleteUnusedTicket(store: Store, deployment: Deployment): Promise<void> {
  await store.transact(async (transaction) => {
    const ticket = await findApplyTicket(transaction, deployment);
    if (ticket && !ticket.session) transaction.delete('buildTicket', keyOf(deployment));
  });
}
