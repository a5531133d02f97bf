import type { BranchDeleted } from '../events.ts';
import type { Application } from '../model/application.ts';
import { isSameRepository } from '../model/repository.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { Store } from '../ports.ts';
import { listReadable } from '../transaction/list-all.ts';

/** A repository as an event names it. */
type Named = Pick<BranchDeleted, 'repository' | 'repositoryId'>;

/** The applications of an address, by whether the repository there is the one that they know. */
export interface Recognised {
  readonly known: readonly Application[];
  /** Applications that know the repository of this address by another id: the name belongs to another one now. */
  readonly foreign: readonly Application[];
}

/**
 * Lists the applications that a config repository describes. An event without an id is believed. An application whose
 * record cannot be read is not found: nothing is deployed to it, and the others go on.
 */
export async function recogniseRepository(store: Store, named: Named): Promise<Recognised> {
  const isThere = ({ configRepository: { url } }: Application) => isSameRepository(url, named.repository);
  const listed = (await listReadable(store, LISTINGS.applications())).items.filter(isThere);
  const { repositoryId } = named;
  if (repositoryId === undefined) return { known: listed, foreign: [] };
  // The list may be older than the records, and an id may just have been kept or confirmed.
  const read = await Promise.all(listed.map(({ name }) => store.get('application', { name })));
  const applications = read.flatMap((application) => (application && isThere(application) ? application : []));
  const isForeign = ({ repositoryId: id = repositoryId }: Application) => id !== repositoryId;
  return {
    known: applications.filter((application) => !isForeign(application)),
    foreign: applications.filter(isForeign),
  };
}

/**
 * Lists the applications of the repository of a push. First keeps the repository's id with every application of its
 * address that knows none. If two repositories say at once that they are the one, the first to be written is.
 */
export async function recognisePush(store: Store, push: Named): Promise<Recognised> {
  const recognised = await recogniseRepository(store, push);
  const { repository, repositoryId } = push;
  const unknowing = recognised.known.filter((application) => application.repositoryId === undefined);
  if (repositoryId === undefined || unknowing.length === 0) return recognised;
  for (const { name } of unknowing)
    await store.transact(async (transaction) => {
      const application = await transaction.get('application', { name });
      const isToKeep =
        application?.repositoryId === undefined &&
        application !== undefined &&
        isSameRepository(application.configRepository.url, repository);
      if (isToKeep) transaction.put('application', { ...application, repositoryId });
    });
  return recogniseRepository(store, push);
}
