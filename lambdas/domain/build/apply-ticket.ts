import type { Deployment } from '../model/deployment.ts';
import type { Reader } from '../ports.ts';

/** Returns the ticket for the apply of a deployment's present round. */
export const findApplyTicket = (reader: Reader, { id, round }: Pick<Deployment, 'id' | 'round'>) =>
  reader.get('buildTicket', { deploymentId: id, purpose: 'apply', round });

/**
 * Returns the build that has redeemed the ticket for the apply, as a list. The execution does not know this build if the
 * answer of StartBuild was lost.
 */
export async function redeemingBuild(reader: Reader, deployment: Deployment): Promise<readonly string[]> {
  const ticket = await findApplyTicket(reader, deployment);
  return ticket?.session?.buildId === undefined ? [] : [ticket.session.buildId];
}
