import * as z from 'zod';
import { RefusedError } from '../errors.ts';
import { type Application, ApplicationSchema } from '../model/application.ts';
import { actorOf } from '../model/audit.ts';
import { repositoryName } from '../model/repository.ts';
import { RepositoryIdSchema } from '../names.ts';
import type { Store, Surroundings } from '../ports.ts';
import { findApplication } from '../transaction/find.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';

/** Body of `POST /applications/{app}/repository-confirmations`. */
export const RepositoryConfirmationSchema = z.strictObject({
  /** The id that is kept. */
  from: RepositoryIdSchema,
  /** The id of the repository that has the name now. */
  to: RepositoryIdSchema,
  reason: z.string().min(1).max(500),
});

/**
 * Makes the repository with another id the one that the application is deployed from. Its address stays. Safe to
 * repeat. Throws NotFoundError, RefusedError.
 */
export async function confirmRepository(
  { store, surroundings }: { readonly store: Store; readonly surroundings: Surroundings },
  name: string,
  { from, to, reason }: z.output<typeof RepositoryConfirmationSchema>,
  by: string,
): Promise<Application> {
  return transactOwn(store, ApplicationSchema, async (transaction) => {
    const application = await findApplication(transaction, name);
    const { repositoryId, configRepository } = application;
    if (repositoryId === to) return application;
    if (repositoryId === undefined)
      throw new RefusedError(
        'not-allowed-here',
        `no id is known of the repository of "${name}": its next push brings it`,
      );
    if (repositoryId !== from)
      throw new RefusedError(
        'not-allowed-here',
        `"${name}" is deployed from the repository with the id ${repositoryId}, not ${from}`,
      );
    const confirmed = { ...application, repositoryId: to, updatedAt: surroundings.now() };
    transaction.put('application', confirmed);
    await recordAudit(transaction, surroundings, {
      application: name,
      type: 'repository-confirmed',
      ...actorOf({ principal: by }),
      comment: reason,
      details: { repository: repositoryName(configRepository.url), from, to },
    });
    return confirmed;
  });
}
