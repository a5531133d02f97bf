import type { Page, Store, Transaction } from '../../lambdas/domain/ports.ts';
import type { KeyOf, Kind, Listing, RecordOf } from '../../lambdas/domain/records.ts';
import {
  type Change,
  keyOf,
  nextVersion,
  parseRecord,
  runTransaction,
  type StoredRecord,
} from '../../lambdas/domain/unit-of-work.ts';

interface Item extends StoredRecord {
  readonly index?: { pk: string; sk: string };
}

/** The store without a table: same layout, same optimistic transactions, a Map instead of DynamoDB. */
export class InMemoryStore implements Store {
  readonly #items = new Map<string, Item>();

  async get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> {
    const { pk, sk } = keyOf(kind, key);
    const item = this.#items.get(`${pk}|${sk}`);
    return item && parseRecord(kind, item.data);
  }

  async list<K extends Kind>(
    listing: Listing<K>,
    { limit = 100, cursor }: { limit?: number; cursor?: string } = {},
  ): Promise<Page<RecordOf<K>>> {
    const positioned = [...this.#items.values()]
      .map((item) => ({ item, position: listing.index ? item.index : item }))
      .filter(({ position }) => position?.pk === listing.partition && position.sk.startsWith(listing.prefix ?? ''))
      .sort((one, other) => compare(one.position?.sk ?? '', other.position?.sk ?? ''));
    if (listing.order === 'descending') positioned.reverse();
    const start = cursor ? Number(cursor) : 0;
    const items = positioned.slice(start, start + limit).map(({ item }) => parseRecord(listing.kind, item.data));
    return { items, ...(start + limit < positioned.length && { nextCursor: String(start + limit) }) };
  }

  transact<T>(attempt: (transaction: Transaction) => Promise<T>): Promise<T> {
    const records = {
      // A turn of the event loop between reads, so that concurrent attempts really interleave.
      load: async (pk: string, sk: string) => {
        await new Promise((resolve) => setImmediate(resolve));
        return this.#items.get(`${pk}|${sk}`);
      },
      commit: async (changes: readonly Change[]) => this.#commit(changes),
    };
    return runTransaction(records, attempt, () => new Promise((resolve) => setTimeout(resolve, Math.random() * 4)));
  }

  #commit(changes: readonly Change[]): boolean {
    const isUnchanged = ({ pk, sk, expectedVersion }: Change) =>
      (this.#items.get(`${pk}|${sk}`)?.version ?? 0) === expectedVersion;
    if (!changes.every(isUnchanged)) return false;
    for (const { pk, sk, expectedVersion, write } of changes) {
      if (write === 'none') continue;
      if (write === 'delete') this.#items.delete(`${pk}|${sk}`);
      else {
        const { data, index } = write;
        this.#items.set(`${pk}|${sk}`, {
          pk,
          sk,
          version: nextVersion(expectedVersion),
          data: structuredClone(data),
          ...(index && { index }),
        });
      }
    }
    return true;
  }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
