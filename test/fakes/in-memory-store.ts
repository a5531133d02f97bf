import { InvalidInputError, UnreadableRecordError } from '../../lambdas/domain/errors.ts';
import type { Listing } from '../../lambdas/domain/model/table/listings.ts';
import type { KeyOf, Kind, RecordOf, StoredRecord } from '../../lambdas/domain/model/table/records.ts';
import type { Page, ReadAhead, Store, Transaction } from '../../lambdas/domain/ports.ts';
import {
  type Change,
  keyOf,
  nextVersion,
  type Parse,
  parseRecord,
  RememberedReads,
  runTransaction,
} from '../../lambdas/domain/transaction/unit-of-work.ts';

interface Item extends StoredRecord {
  readonly index?: { pk: string; sk: string };
}

/** A record that a transaction is about to write, and what stands there so far. */
export interface Written<K extends Kind = Kind> {
  readonly kind: K;
  readonly before: unknown;
  readonly after: RecordOf<K>;
}

/** Most records that DynamoDB lets one transaction read and write. */
const MOST_CHANGES = 100;

/** The store without a table: same layout, same optimistic transactions, a Map instead of DynamoDB. */
export class InMemoryStore implements Store {
  readonly #items = new Map<string, Item>();
  readonly #onCommit: (written: readonly Written[]) => void;
  readonly #onRead: (() => Promise<void>) | undefined;
  #chance = 1;

  /**
   * `onCommit` is called at the one moment at which a transaction's writes become true together, just after it. Every
   * read waits for `onRead`.
   */
  constructor(onCommit: (written: readonly Written[]) => void = () => {}, onRead?: () => Promise<void>) {
    this.#onCommit = onCommit;
    this.#onRead = onRead;
  }

  /** The same records in a store of their own. */
  copy(onCommit?: (written: readonly Written[]) => void): InMemoryStore {
    const copy = new InMemoryStore(onCommit);
    for (const [place, item] of this.#items) copy.#items.set(place, item);
    copy.#chance = this.#chance;
    return copy;
  }

  /** The version of each record, by its place. */
  versions(): ReadonlyMap<string, number> {
    return new Map([...this.#items].map(([place, { version }]) => [place, version]));
  }

  /** What stands there at this very moment. */
  peek<K extends Kind>(kind: K, key: KeyOf<K>): RecordOf<K> | undefined {
    const { pk, sk } = keyOf(kind, key);
    const item = this.#items.get(`${pk}|${sk}`);
    return item && parseRecord(kind, item);
  }

  async get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> {
    if (this.#onRead) await this.#onRead();
    return this.peek(kind, key);
  }

  async list<K extends Kind>(
    listing: Listing<K>,
    { limit = 100, cursor }: { limit?: number; cursor?: string } = {},
  ): Promise<Page<RecordOf<K>>> {
    if (this.#onRead) await this.#onRead();
    const after = cursor === undefined ? undefined : readCursor(listing, cursor);
    const isBehind = (sk: string) => after === undefined || (listing.order === 'ascending' ? sk > after : sk < after);
    const found = [...this.#items.values()]
      .map((item) => ({ item, position: listing.index ? item.index : item }))
      .flatMap(({ item, position }) => (position ? [{ item, pk: position.pk, sk: position.sk }] : []))
      .filter(({ pk, sk }) => pk === listing.partition && sk.startsWith(listing.prefix ?? '') && isBehind(sk))
      .sort((one, other) => compare(one.sk, other.sk));
    if (listing.order === 'descending') found.reverse();
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const places = new Map<RecordOf<K>, { pk: string; sk: string; unreadableBefore: number }>();
    const unreadable: UnreadableRecordError[] = [];
    for (const { item, pk, sk } of page)
      try {
        places.set(parseRecord(listing.kind, item), { pk, sk, unreadableBefore: unreadable.length });
      } catch (error) {
        if (!(error instanceof UnreadableRecordError)) throw error;
        unreadable.push(error);
      }
    return {
      items: [...places.keys()],
      unreadable,
      ...(last && found.length > limit && { nextCursor: writeCursor(last) }),
      endingWith: (record) => {
        const place = places.get(record);
        if (!place) throw new Error('ending a page with a record that is not of this page');
        return { unreadable: unreadable.slice(0, place.unreadableBefore), nextCursor: writeCursor(place) };
      },
    };
  }

  async readAhead(): Promise<ReadAhead> {
    return new RememberedReads((pk, sk) => this.#load(pk, sk), PARSE);
  }

  transact<T>(attempt: (transaction: Transaction) => Promise<T>, ahead?: ReadAhead): Promise<T> {
    const records = {
      load: (pk: string, sk: string) => this.#load(pk, sk),
      parse: PARSE,
      commit: async (changes: readonly Change[]) => this.#commit(changes),
    };
    return runTransaction(records, attempt, (number) => this.#pause(number), ahead);
  }

  /** A turn of the event loop before and after each read, so that concurrent attempts really interleave. */
  async #load(pk: string, sk: string): Promise<StoredRecord | undefined> {
    if (this.#onRead) await this.#onRead();
    await turn();
    const item = this.#items.get(`${pk}|${sk}`);
    await turn();
    return item;
  }

  /** Overwrites the content of a record behind the store's back, as a hand in the console would. */
  corrupt<K extends Kind>(kind: K, key: KeyOf<K>, data: unknown): void {
    const { pk, sk } = keyOf(kind, key);
    const item = this.#items.get(`${pk}|${sk}`);
    if (!item) throw new Error(`corrupting ${pk} ${sk}: it does not exist`);
    this.#items.set(`${pk}|${sk}`, { ...item, data });
  }

  /** Jitter in turns of the event loop, by numbers that come the same in every run. */
  async #pause(attempt: number): Promise<void> {
    this.#chance = (this.#chance * 16807) % 2147483647;
    const turns = this.#chance % Math.min(1000, 2 ** attempt * 4);
    for (let passed = 0; passed < turns; passed++) await turn();
  }

  #commit(changes: readonly Change[]): boolean {
    if (changes.length > MOST_CHANGES)
      throw new Error(`a transaction of ${changes.length} records: at most ${MOST_CHANGES}`);
    const isUnchanged = ({ pk, sk, expectedVersion }: Change) =>
      (this.#items.get(`${pk}|${sk}`)?.version ?? 0) === expectedVersion;
    if (!changes.every(isUnchanged)) return false;
    const written: Written[] = changes.flatMap(({ pk, sk, write }) =>
      typeof write === 'object'
        ? [{ kind: write.kind, before: this.#items.get(`${pk}|${sk}`)?.data, after: write.data as never }]
        : [],
    );
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
    this.#onCommit(written);
    return true;
  }
}

const PARSE: Parse = async (kind, stored) => parseRecord(kind, stored);
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const writeCursor = ({ pk, sk }: { pk: string; sk: string }): string =>
  Buffer.from(JSON.stringify([pk, sk])).toString('base64url');

function readCursor({ partition, prefix = '' }: Listing<Kind>, cursor: string): string {
  try {
    const [pk, sk] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    if (pk === partition && typeof sk === 'string' && sk.startsWith(prefix)) return sk;
  } catch {
    // Falls through: anything that is no cursor is refused the same way.
  }
  throw new InvalidInputError('reading a page', [
    { field: 'cursor', message: 'not a cursor of this list', value: JSON.stringify(cursor) },
  ]);
}
