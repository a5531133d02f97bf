import type { UnreadableRecordError } from '../errors.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';
import type { Page, Store } from '../ports.ts';
import { forEachReadable } from '../transaction/unless-unreadable.ts';

/**
 * Lists the ephemeral environments that are not closed, of one application or of all, sorted by application and name.
 * There are never more than the limits allow, so all are read at once.
 */
export async function listEphemeral(
  store: Store,
  application?: string,
): Promise<{ readonly found: EphemeralEnvironment[]; readonly unreadable: UnreadableRecordError[] }> {
  const register = await store.get('ephemeralRegister', {});
  const places = (register?.live ?? [])
    .filter((place) => application === undefined || place.application === application)
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const { found, unreadable } = await forEachReadable(places, (place) =>
    store.get('environment', { application: place.application, name: place.environment }),
  );
  const environments = found.flatMap((environment) => (environment?.type === 'ephemeral' ? [environment] : []));
  return { found: environments, unreadable };
}

const keyOf = (place: { readonly application: string; readonly environment: string }): string =>
  `${place.application}/${place.environment}`;

/** Returns one page of a list that is in memory as a whole; the cursor is the key of the next item. */
export function pageThrough<T>(
  items: readonly T[],
  keyOfItem: (item: T) => string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
): Pick<Page<T>, 'items' | 'nextCursor'> {
  const rest = cursor === undefined ? items : items.filter((item) => keyOfItem(item) >= cursor);
  const next = rest[limit];
  return { items: rest.slice(0, limit), ...(next !== undefined && { nextCursor: keyOfItem(next) }) };
}
