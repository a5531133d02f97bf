import { UnreadableRecordError } from '../errors.ts';
import { reviewUnreadable } from '../health/unreadable-register.ts';
import { LISTINGS, type Listing } from '../model/table/listings.ts';
import type { Kind, RecordOf } from '../model/table/records.ts';
import type { Store } from '../ports.ts';
import type { Repair, RepairServices } from './repairs.ts';

export interface Reconciled {
  readonly repairs: readonly Repair[];
  /** Number of records that are known to be unreadable, and that nothing in this run has met. */
  readonly unreadable: number;
}

/** What a run has done and met so far. */
interface Run {
  readonly repairs: Repair[];
  readonly met: UnreadableRecordError[];
}

/**
 * Checks what is unfinished: every environment with a holder or a queue, promotions that are owed, trees to delete, and
 * records that could not be read. Repairs what a crash, a stop or a lost event left behind. What it reads does not
 * depend on the number of applications. How things are repaired is loaded with the first repair: most runs have none.
 */
export async function reconcile(services: RepairServices): Promise<Reconciled> {
  const run: Run = { repairs: [], met: [] };
  for await (const listed of each(run, services.store, LISTINGS.inFlight())) {
    const { application, environment } = listed;
    const { announce, nameOf, repairEnvironment } = await import('./repairs.ts');
    const state = await attempt(run, nameOf(listed), () =>
      services.store.get('environmentState', { application, environment }),
    );
    if (!state) continue;
    for (const id of state.unannounced) await repair(run, id, () => announce(services, id));
    await repair(run, nameOf(state), () => repairEnvironment(services, state));
  }
  for await (const where of each(run, services.store, LISTINGS.droppedTrees())) {
    const { deleteDroppedTrees } = await import('../build/drop-trees.ts');
    await attempt(run, nameOfPlace(where), () => deleteDroppedTrees(services, where));
  }
  for await (const owed of each(run, services.store, LISTINGS.owedPromotions())) {
    const { repairPromotion } = await import('./repairs.ts');
    await repair(run, nameOfPlace(owed), () => repairPromotion(services, owed));
  }
  const unreadable = await attempt(run, 'records', () => reviewUnreadable(services, run.met));
  return { repairs: run.repairs, unreadable: unreadable ?? 0 };
}

/** Yields every record of a listing that can be read. */
async function* each<K extends Kind>(run: Run, store: Store, listing: Listing<K>): AsyncGenerator<RecordOf<K>> {
  let cursor: string | undefined;
  do {
    const page = await store.list(listing, { ...(cursor && { cursor }) });
    run.met.push(...page.unreadable);
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor);
}

/**
 * Returns what `perform` returns, or undefined if it fails. A failure in one environment must not prevent the repairs of
 * others (rule 6).
 */
async function attempt<T>(run: Run, deploymentId: string, perform: () => Promise<T>): Promise<T | undefined> {
  try {
    return await perform();
  } catch (error) {
    if (error instanceof UnreadableRecordError) run.met.push(error);
    run.repairs.push({ deploymentId, action: 'failed', why: String(error) });
    return undefined;
  }
}

async function repair(run: Run, deploymentId: string, perform: () => Promise<Repair | undefined>): Promise<void> {
  const done = await attempt(run, deploymentId, perform);
  if (done) run.repairs.push(done);
}

/** Repairs the one environment whose execution has just ended. */
export async function reconcileDeployment(services: RepairServices, id: string): Promise<Repair | undefined> {
  const deployment = await services.store.get('deployment', { id });
  if (!deployment) return undefined;
  const { application, environment } = deployment;
  const state = await services.store.get('environmentState', { application, environment });
  if (state?.holder?.deploymentId !== id) return undefined;
  const { repairEnvironment } = await import('./repairs.ts');
  return repairEnvironment(services, state);
}

const nameOfPlace = ({ application, environment }: { application: string; environment: string }): string =>
  `${application}/${environment}`;
