import * as z from 'zod';
import { UnreadableRecordError } from '../errors.ts';
import { isTerminal } from '../model/deployment.ts';
import type { EnvironmentState } from '../model/environment-state.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { UnreadableRecordSchema } from '../model/upkeep/upkeep-records.ts';
import { GATES } from '../policy.ts';
import type { Store } from '../ports.ts';
import { forEachReadable, unlessUnreadable } from '../transaction/unless-unreadable.ts';

/** Most of each kind that are looked at. There is no second page: who has more has an incident. */
const MOST = 200;

const WaitingSchema = z.object({
  /** Number of them; at most 200 are counted. */
  count: z.int(),
  /** The time since which the oldest waits; null if there is none. */
  oldestSince: z.string().nullable(),
});

/** What an operator wants to know of the installation. */
export const HealthDetailsSchema = z
  .object({
    unreadableRecords: z.array(UnreadableRecordSchema),
    /** Environments that a deployment holds, and deployments that wait for one. */
    inFlight: WaitingSchema.extend({ queued: z.int() }),
    /** Deployments that hold an environment although they have ended, and ephemeral environments that did not end. */
    stuck: z.array(z.object({ application: z.string(), environment: z.string(), why: z.string() })),
    openGates: z.object({ staff: WaitingSchema, client: WaitingSchema }),
    owedPromotions: WaitingSchema,
    /** Number of records that could not be read for this answer. */
    skipped: z.int().optional(),
  })
  .meta({ id: 'HealthDetails' });
export type HealthDetails = z.input<typeof HealthDetailsSchema>;

/** Reads the lists of what is unfinished, and what is noted about records. Costs the same however many applications. */
export async function viewHealth(store: Store): Promise<HealthDetails> {
  const [noted, inFlight, owed, ...gates] = await Promise.all([
    store.list(LISTINGS.unreadableRecords(), { limit: MOST }),
    store.list(LISTINGS.inFlight(), { limit: MOST }),
    store.list(LISTINGS.owedPromotions(), { limit: MOST }),
    ...GATES.map((gate) => store.list(LISTINGS.pendingGates(gate), { limit: MOST })),
  ]);
  const [staff, client] = gates.map(({ items }) => waiting(items.map(({ openedAt }) => openedAt)));
  const [held, ephemeral] = await Promise.all([
    forEachReadable(inFlight.items, (state) => heldTooLong(store, state)),
    stuckEphemerals(store),
  ]);
  const pages = [noted, inFlight, owed, ...gates, held, ephemeral];
  const skipped = pages.reduce((sum, { unreadable }) => sum + unreadable.length, 0);
  const none = waiting([]);
  return {
    unreadableRecords: noted.items,
    inFlight: {
      ...waiting(inFlight.items.flatMap(({ holder }) => holder?.since ?? [])),
      queued: inFlight.items.reduce((sum, { queue }) => sum + queue.length, 0),
    },
    stuck: [...held.found.flat(), ...ephemeral.found.flat()],
    openGates: { staff: staff ?? none, client: client ?? none },
    owedPromotions: waiting(owed.items.map(({ since }) => since)),
    ...(skipped > 0 && { skipped }),
  };
}

const waiting = (since: readonly string[]): z.input<typeof WaitingSchema> => ({
  count: since.length,
  oldestSince: since.toSorted()[0] ?? null,
});

type Stuck = HealthDetails['stuck'];

async function heldTooLong(store: Store, { application, environment, holder }: EnvironmentState): Promise<Stuck> {
  if (!holder) return [];
  const deployment = await store.get('deployment', { id: holder.deploymentId });
  if (deployment && !isTerminal(deployment.status)) return [];
  const why = `held by ${holder.deploymentId}, which ${deployment ? `is ${deployment.status}` : 'does not exist'}`;
  return [{ application, environment, why }];
}

async function stuckEphemerals(store: Store) {
  const register = await unlessUnreadable(() => store.get('ephemeralRegister', {}));
  if (register instanceof UnreadableRecordError) return { found: [], unreadable: [register] };
  return forEachReadable(register?.live ?? [], async ({ application, environment: name }): Promise<Stuck> => {
    const environment = await store.get('environment', { application, name });
    if (environment?.type !== 'ephemeral' || environment.life.phase !== 'closing') return [];
    const { stuckAt, attempts } = environment.life;
    if (stuckAt === undefined) return [];
    return [{ application, environment: name, why: `not destroyed in ${attempts} attempts, given up at ${stuckAt}` }];
  });
}
