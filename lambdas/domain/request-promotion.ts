import type { Application } from './application.ts';
import type { Requester } from './deployment.ts';
import type { EffectServices } from './effects.ts';
import { isOutdated, isProven } from './environment-state.ts';
import { RefusedError } from './errors.ts';
import { findApplication, findEnvironment } from './find.ts';
import { previousOf } from './pipeline.ts';
import type { Placement } from './place-deployment.ts';
import type { Store, Surroundings } from './ports.ts';
import { LISTINGS } from './records.ts';
import { requestDeployment } from './request-deployment.ts';

interface Wish {
  readonly application: string;
  readonly to: string;
  /** The newest one that can be promoted when left out. */
  readonly release?: number;
  readonly requestedBy: Requester;
}

/** Deploys a release to the next environment after its success in the one before. Throws NotFoundError, RefusedError. */
export async function requestPromotion(
  services: EffectServices & { readonly surroundings: Surroundings },
  { application: name, to, release, requestedBy }: Wish,
): Promise<Placement> {
  const application = await findApplication(services.store, name);
  await findEnvironment(services.store, name, to);
  return requestDeployment(services, {
    ...{ application: name, environment: to, operation: 'deploy', requestedBy },
    release: release ?? (await newestPromotable(services.store, application, to)),
  });
}

async function newestPromotable(store: Store, application: Application, to: string): Promise<number> {
  const previous = previousOf(application, to);
  const target = await store.get('environmentState', { application: application.name, environment: to });
  for await (const release of previous
    ? provenReleases(store, application.name, previous)
    : newestRelease(store, application.name)) {
    const isThere = target?.deployed?.release === release;
    if (isThere || (target && isOutdated(target, { release, operation: 'deploy' }))) break;
    return release;
  }
  throw new RefusedError(
    'nothing-to-promote',
    `no release of "${application.name}" ${previous ? `that succeeded in ${previous} ` : ''}is newer than what ${to} has`,
  );
}

/** Releases proven in an environment, newest first. */
async function* provenReleases(store: Store, application: string, environment: string): AsyncGenerator<number> {
  const state = await store.get('environmentState', { application, environment });
  let cursor: string | undefined;
  do {
    const page = await store.list(LISTINGS.outcomes(application, environment), { ...(cursor && { cursor }) });
    for (const outcome of page.items) if (isProven(state, outcome)) yield outcome.release;
    cursor = page.nextCursor;
  } while (cursor);
}

async function* newestRelease(store: Store, application: string): AsyncGenerator<number> {
  const log = await store.get('releaseLog', { application });
  if (log && log.newest > 0) yield log.newest;
}
