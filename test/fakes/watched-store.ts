import type { Listing } from '../../lambdas/domain/model/table/listings.ts';
import type { KeyOf, Kind, RecordOf } from '../../lambdas/domain/model/table/records.ts';
import type { Page, ReadAhead, Store, Transaction } from '../../lambdas/domain/ports.ts';

/** A store that counts how often it is asked and how often a transaction is begun. */
export class WatchedStore implements Store {
  reads = 0;
  transactions = 0;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> {
    this.reads += 1;
    return this.#store.get(kind, key);
  }

  list<K extends Kind>(listing: Listing<K>, page?: { limit?: number; cursor?: string }): Promise<Page<RecordOf<K>>> {
    this.reads += 1;
    return this.#store.list(listing, page);
  }

  readAhead(): Promise<ReadAhead> {
    this.reads += 1;
    return this.#store.readAhead();
  }

  transact<T>(attempt: (transaction: Transaction) => Promise<T>, ahead?: ReadAhead): Promise<T> {
    this.transactions += 1;
    return this.#store.transact(attempt, ahead);
  }
}
