import type { Listing } from '../model/table/listings.ts';
import type { Kind, RecordOf } from '../model/table/records.ts';
import type { Store } from '../ports.ts';

/** Reads every record of a listing that is known to be short: approvers, environments, gates. */
export async function listAll<K extends Kind>(store: Pick<Store, 'list'>, listing: Listing<K>): Promise<RecordOf<K>[]> {
  const found: RecordOf<K>[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(listing, { limit: 500, ...(cursor && { cursor }) });
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return found;
}
