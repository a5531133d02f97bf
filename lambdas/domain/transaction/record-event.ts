import type { DeploymentEvent } from '../model/deployment-event.ts';
import type { Surroundings, Transaction } from '../ports.ts';

/** Records an event of a deployment, in the same transaction as the change that it reports. */
export function recordEvent(
  transaction: Transaction,
  surroundings: Surroundings,
  deploymentId: string,
  type: string,
  by?: string,
  details?: DeploymentEvent['details'],
): void {
  transaction.insert('deploymentEvent', {
    deploymentId,
    at: surroundings.now(),
    nonce: surroundings.randomHex(8),
    type,
    ...(by && { by }),
    ...(details && { details }),
  });
}
