import { createHash, timingSafeEqual } from 'node:crypto';
import { formatTicket } from '../contract/build-credentials.ts';
import { buildRoleName, type Purpose } from '../contract/build-source.ts';
import { NotHolderError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import type { BuildTicket } from '../model/build-ticket.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { buildSourceOf } from './config-source.ts';

/**
 * Makes the ticket of the build that is about to be started, in the same transaction that decides to start it, and
 * returns the ticket's text. Throws NotHolderError once a build has redeemed a ticket of this round. `isNewAttempt`:
 * the tickets of the attempt before become void instead.
 */
export async function issueTicket(
  transaction: Transaction,
  surroundings: Surroundings,
  purpose: Purpose,
  { application, deployment }: { readonly application: Application; readonly deployment: Deployment },
  { isNewAttempt = false }: { readonly isNewAttempt?: boolean } = {},
): Promise<string> {
  const { id: deploymentId, round } = deployment;
  const known = await transaction.get('buildTicket', { deploymentId, purpose, round });
  const before = isNewAttempt ? undefined : known;
  if (before?.session)
    throw new NotHolderError(`starting to ${purpose} "${deploymentId}": the build of round ${round} has begun before`);
  const text = formatTicket({ deploymentId, purpose, round, secret: surroundings.randomHex(64) });
  transaction.put('buildTicket', {
    deploymentId,
    purpose,
    round,
    hashes: [...(before?.hashes ?? []), hashOf(text)],
    role: buildRoleName(surroundings.installation, purpose, buildSourceOf(application, deployment)),
    issuedAt: surroundings.now(),
  });
  return text;
}

/** Returns whether the ticket that a caller shows is the one on record. */
export const isTicket = (known: BuildTicket, shown: string): boolean =>
  known.hashes.some((hash) => timingSafeEqual(Buffer.from(hash, 'hex'), Buffer.from(hashOf(shown), 'hex')));

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
