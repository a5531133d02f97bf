import { Refused } from '../../errors.ts';
import type { Application } from '../../model/application.ts';
import { type AppliedChanges, appliesOf, MOST_APPLIES } from '../../model/applied-changes.ts';
import type { Deployment } from '../../model/deployment.ts';
import type { Environment } from '../../model/environment.ts';
import type { EnvironmentState } from '../../model/environment-state.ts';
import { findPrevious } from '../../model/pipeline.ts';
import { LISTINGS } from '../../model/table/listings.ts';
import type { PastApplies } from '../../plan/rehearsal/rehearse.ts';
import type { Page, Reader, Store } from '../../ports.ts';

interface Subject {
  readonly application: Application;
  readonly environment: Environment;
  readonly deployment: Deployment;
  readonly state: EnvironmentState;
}

interface Where {
  readonly application: string;
  readonly environment: string;
}

/**
 * Finds what the environment before has applied since it first applied the release that this environment runs. Returns
 * undefined in the first environment, outside of the pipeline and for a destruction.
 */
export async function findPastApplies(
  store: Pick<Store, 'list'>,
  reader: Reader,
  { application, environment, deployment, state }: Subject,
): Promise<PastApplies | undefined> {
  if (environment.type === 'ephemeral' || deployment.operation === 'destroy') return undefined;
  const previous = findPrevious(application, environment.name);
  if (previous === undefined || previous instanceof Refused) return undefined;
  const where = { application: application.name, environment: previous };
  const runs = state.deployed?.release;
  const [other, first, newest] = await Promise.all([
    reader.get('environmentState', where),
    runs === undefined ? undefined : reader.get('firstApply', { ...where, release: runs }),
    listApplies(store, where),
  ]);
  const rehearsedAfter = other?.rehearsedAfter ?? 0;
  const count = other ? appliesOf(other) : 0;
  const begin = first && first.rehearsedAfter === rehearsedAfter && first.order <= count ? first : undefined;
  const after = begin?.order ?? rehearsedAfter;
  const applies = await listAfter(store, where, after, newest);
  // An apply beyond the count: a version before rehearsals has dropped the count from the state.
  const isCounted = applies.every(({ order }) => order <= count);
  return {
    environment: previous,
    since: begin && runs,
    applies,
    appliesKnown: isCounted && applies.length >= count - after,
  };
}

/**
 * Lists applies, newest first. The first page has more than are usually asked for. One that cannot be read is missing:
 * then not all applies are known.
 */
const listApplies = (store: Pick<Store, 'list'>, { application, environment }: Where, cursor?: string) =>
  store.list(LISTINGS.appliedChanges(application, environment), { limit: 30, ...(cursor && { cursor }) });

/** Returns the applies after the one with this number, of which the newest are listed already. */
async function listAfter(
  store: Pick<Store, 'list'>,
  where: Where,
  after: number,
  newest: Page<AppliedChanges>,
): Promise<AppliedChanges[]> {
  const found: AppliedChanges[] = [];
  for (let page = newest; ; page = await listApplies(store, where, page.nextCursor)) {
    const counting = page.items.filter(({ order }) => order > after);
    found.push(...counting);
    const isLast = counting.length < page.items.length || page.nextCursor === undefined;
    if (isLast || found.length >= MOST_APPLIES) return found;
  }
}
