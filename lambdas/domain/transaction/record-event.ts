import type { DeploymentEvent } from '../model/deployment-event.ts';
import type { Surroundings, Transaction } from '../ports.ts';

/** Adds one line to a deployment's story, in the transaction that makes it true. */
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
