import { type Placement, PlacementSchema } from '../deployment/create-deployment.ts';
import { requestDeployment } from '../deployment/request-deployment.ts';
import { RefusedError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import type { Requester } from '../model/deployment.ts';
import { type EnvironmentState, isOutdated, isProven } from '../model/environment-state.ts';
import { previousOf } from '../model/pipeline.ts';
import { LISTINGS, type Listing } from '../model/table/listings.ts';
import type { Reader, Store, Surroundings } from '../ports.ts';
import { carryOut, type EffectServices } from '../transaction/effects.ts';
import { findApplication, findEnvironment } from '../transaction/find.ts';
import { returnedBefore } from '../transaction/own-transaction.ts';

interface Wish {
  readonly application: string;
  readonly to: string;
  /** If left out: the newest release that can be promoted. */
  readonly release?: number;
  readonly requestedBy: Requester;
}

/** Deploys a release to an environment after its success in the previous one. Throws NotFoundError, RefusedError. */
export async function requestPromotion(
  services: EffectServices & { readonly surroundings: Surroundings },
  { application: name, to, release, requestedBy }: Wish,
): Promise<Placement> {
  const before = await returnedBefore(services.store, PlacementSchema);
  if (before) {
    await carryOut(services, before.effects);
    return before;
  }
  const ahead = await services.store.readAhead();
  const [application] = await Promise.all([findApplication(ahead, name), findEnvironment(ahead, name, to)]);
  const newest = release ?? (await newestPromotable(services.store, ahead, application, to));
  return requestDeployment(
    services,
    { application: name, environment: to, operation: 'deploy', release: newest, requestedBy },
    ahead,
  );
}

async function newestPromotable(store: Store, ahead: Reader, application: Application, to: string): Promise<number> {
  const { name } = application;
  const previous = previousOf(application, to);
  const [target, state] = await Promise.all([
    ahead.get('environmentState', { application: name, environment: to }),
    previous === undefined ? undefined : ahead.get('environmentState', { application: name, environment: previous }),
  ]);
  for await (const release of previous === undefined
    ? newestRelease(store, name)
    : provenReleases(store, state, LISTINGS.outcomes(name, previous))) {
    const isThere = target?.deployed?.release === release;
    if (isThere || (target && isOutdated(target, { release, operation: 'deploy' }))) break;
    return release;
  }
  throw new RefusedError(
    'nothing-to-promote',
    `no release of "${name}" ${previous ? `that succeeded in ${previous} ` : ''}is newer than what ${to} has`,
  );
}

/**
 * Yields the releases that are proven in the environment with this state, newest first. Throws UnreadableRecordError
 * rather than to take an older release for the newest.
 */
async function* provenReleases(
  store: Store,
  state: EnvironmentState | undefined,
  outcomes: Listing<'outcome'>,
): AsyncGenerator<number> {
  let cursor: string | undefined;
  do {
    const page = await store.list(outcomes, { ...(cursor && { cursor }) });
    if (page.unreadable[0]) throw page.unreadable[0];
    for (const outcome of page.items) if (isProven(state, outcome)) yield outcome.release;
    cursor = page.nextCursor;
  } while (cursor);
}

async function* newestRelease(store: Store, application: string): AsyncGenerator<number> {
  const log = await store.get('releaseLog', { application });
  if (log && log.newest > 0) yield log.newest;
}
