import { RefusedError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import type { Requester } from '../model/deployment.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';
import { type EphemeralPatch, endOfLife } from '../model/ephemeral-environment.ts';
import { type Allowed, ephemeralTag, requireAllowedTag } from '../model/request/settings-tag.ts';
import type { Scheduler, Store, Surroundings } from '../ports.ts';
import { findEphemeral } from '../transaction/find.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';
import { requireOpen } from './deploy-ephemeral.ts';
import { wakeUpAtEnd } from './wake-up.ts';

interface Services {
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly surroundings: Surroundings;
  readonly leastTtlSeconds: number;
}

/**
 * Gives an open ephemeral environment a new end, counted from now, or makes it follow its branch or stop following it.
 * Throws InvalidInputError, NotFoundError, RefusedError.
 */
export async function adjustEphemeral(
  services: Services,
  application: string,
  name: string,
  { ttlHours, follow }: EphemeralPatch,
  by: Requester,
  ifMatch?: Allowed,
): Promise<EphemeralEnvironment> {
  const { store, surroundings, leastTtlSeconds } = services;
  const adjusted = await store.transact(async (transaction) => {
    const environment = await findEphemeral(transaction, application, name);
    requireAllowedTag(ifMatch, ephemeralTag(environment));
    requireOpen(environment);
    if (follow && environment.branch === undefined)
      throw new RefusedError('not-allowed-here', `"${name}" was made from a commit; there is no branch to follow`);
    const now = surroundings.now();
    const record = (type: 'extended' | 'follow-changed') =>
      recordEnvironmentEvent(transaction, surroundings, { application, environment: name, type, by: by.principal });
    const expiresAt = ttlHours === undefined ? undefined : endOfLife(ttlHours, leastTtlSeconds, now);
    if (expiresAt !== undefined) {
      record('extended');
      await recordAudit(transaction, surroundings, {
        application,
        environment: name,
        type: 'ephemeral-extended',
        ...actorOf(by),
        details: { expiresAt },
      });
    }
    if (follow !== undefined) record('follow-changed');
    const next: EphemeralEnvironment = {
      ...environment,
      ...(expiresAt !== undefined && { expiresAt, life: { phase: 'open', since: now } }),
      ...(follow !== undefined && { follows: follow }),
      updatedAt: now,
    };
    transaction.put('environment', next);
    return next;
  });
  if (ttlHours !== undefined) await wakeUpAtEnd(services, adjusted);
  return adjusted;
}
