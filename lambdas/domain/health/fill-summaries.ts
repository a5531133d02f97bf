import { isCounted } from '../deployment/keep-delivery.ts';
import { lastVerdictIn, NEWEST } from '../environment/environment-view.ts';
import { sameJson } from '../json-value.ts';
import type { Application } from '../model/application.ts';
import { countEnding, mayCount } from '../model/delivery/count-ending.ts';
import type { Delivery } from '../model/delivery/delivery.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Environment } from '../model/environment.ts';
import type { EnvironmentState } from '../model/environment-state.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { Store, Surroundings } from '../ports.ts';

interface Services {
  readonly store: Store;
  readonly surroundings: Surroundings;
}

/** Most deployments, the newest ones, from which counters are made. */
const MOST_DEPLOYMENTS = 500;
/** The history is read from an index, which may show a write later. After this time it shows every ending. */
const LAG_MS = 300_000;

/**
 * Adds what records of versions without summaries do not have: the last verdict of an environment, and the counters of
 * a production environment with all that ended before there were any. Returns the environments (`app/env`) to which
 * something was added.
 */
export async function fillSummaries(services: Services, { name, pipeline }: Application): Promise<string[]> {
  const filled = await Promise.all(
    pipeline.map(async (environment) => {
      const where = { application: name, environment };
      const [state, settings, delivery] = await Promise.all([
        services.store.get('environmentState', where),
        services.store.get('environment', { application: name, name: environment }),
        services.store.get('delivery', where),
      ]);
      if (!state || state.newestDeployment === 0) return [];
      const isVerdictFilled = await fillVerdict(services, state);
      const isOwed = settings && isCounted(settings) && !delivery?.isWhole;
      const isCounterFilled = isOwed && (await fillDelivery(services, settings, delivery));
      return isVerdictFilled || isCounterFilled ? [`${name}/${environment}`] : [];
    }),
  );
  return filled.flat();
}

async function fillVerdict({ store }: Services, known: EnvironmentState): Promise<boolean> {
  if (known.lastVerdict !== undefined) return false;
  const { application, environment } = known;
  const last = await findLast(store, known);
  return store.transact(async (transaction) => {
    const state = await transaction.get('environmentState', { application, environment });
    // An ending may have brought one in the meantime.
    if (!state || state.lastVerdict !== undefined) return false;
    transaction.put('environmentState', { ...state, lastVerdict: last });
    return true;
  });
}

async function findLast(store: Store, { application, environment }: EnvironmentState) {
  const { items } = await store.list(LISTINGS.history(application, environment), { limit: NEWEST });
  return lastVerdictIn(items);
}

/** Counts everything that ended in an environment. Changes nothing if something else is counted at the same time. */
async function fillDelivery(
  { store, surroundings }: Services,
  environment: Environment,
  known: Delivery | undefined,
): Promise<boolean> {
  const now = surroundings.now();
  if (known && Date.parse(now) - Date.parse(known.lastEnding) < LAG_MS) return false;
  const { application, name, createdAt: environmentCreatedAt } = environment;
  const where = { application, environment: name };
  const ended = (await newestOf(store, where)).flatMap((each) => ('endedAt' in each && mayCount(each) ? each : []));
  const releases = new Map<number | undefined, string | undefined>(
    await Promise.all(
      [...new Set(ended.flatMap(({ release }) => release ?? []))].map(async (number) => {
        const made = await store.get('release', { application, number });
        return [number, made?.createdAt] as const;
      }),
    ),
  );
  const nothing = { ...where, since: now, lastEnding: now, days: [], newestRelease: 0 };
  const counted = ended
    .sort((one, other) => (one.endedAt < other.endedAt ? -1 : 1))
    .reduce<Delivery | undefined>(
      (sum, each) => countEnding(sum, each, { environmentCreatedAt, releaseCreatedAt: releases.get(each.release) }),
      undefined,
    );
  return store.transact(async (transaction) => {
    if (!sameJson(await transaction.get('delivery', where), known)) return false;
    transaction.put('delivery', { ...(counted ?? nothing), isWhole: true });
    return true;
  });
}

/** Returns the newest deployments that can be read. */
async function newestOf(
  store: Store,
  { application, environment }: { readonly application: string; readonly environment: string },
): Promise<Deployment[]> {
  const found: Deployment[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(LISTINGS.history(application, environment), { ...(cursor && { cursor }) });
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor && found.length < MOST_DEPLOYMENTS);
  return found;
}
