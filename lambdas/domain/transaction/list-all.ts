import type { UnreadableRecordError } from '../errors.ts';
import type { Listing } from '../model/table/listings.ts';
import type { Kind, RecordOf } from '../model/table/records.ts';
import type { Store } from '../ports.ts';

/**
 * Reads every record of a listing that is known to be short: approvers, environments, gates. For decisions: throws
 * UnreadableRecordError if a record cannot be read, because a decision could be looser without it.
 */
export async function listAll<K extends Kind>(store: Pick<Store, 'list'>, listing: Listing<K>): Promise<RecordOf<K>[]> {
  const { items, unreadable } = await listReadable(store, listing);
  if (unreadable[0]) throw unreadable[0];
  return items;
}

/**
 * Reads the records of a short listing that can be read, and returns the others by name. For what is shown, and for
 * work on each record by itself, which one unreadable record must not stop.
 */
export async function listReadable<K extends Kind>(
  store: Pick<Store, 'list'>,
  listing: Listing<K>,
): Promise<{ readonly items: RecordOf<K>[]; readonly unreadable: UnreadableRecordError[] }> {
  const items: RecordOf<K>[] = [];
  const unreadable: UnreadableRecordError[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(listing, { limit: 500, ...(cursor && { cursor }) });
    items.push(...page.items);
    unreadable.push(...page.unreadable);
    cursor = page.nextCursor;
  } while (cursor);
  return { items, unreadable };
}
