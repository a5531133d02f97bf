import * as z from 'zod';
import { InvalidInputError, UnreadableRecordError } from '../domain/errors.ts';
import type { Listing } from '../domain/model/table/listings.ts';
import type { KeyOf, Kind, RecordOf, StoredRecord } from '../domain/model/table/records.ts';
import type { Page, ReadAhead, Store, Transaction } from '../domain/ports.ts';
import {
  type Change,
  keyOf,
  type Parse,
  parseRecord,
  RememberedReads,
  runTransaction,
} from '../domain/transaction/unit-of-work.ts';
import { type DynamoAccess, DynamoConnection } from './dynamo-connection.ts';
import { DynamoReads } from './dynamo-reads.ts';
import type { DynamoWrites } from './dynamo-writes.ts';
import { orUnavailable } from './or-unavailable.ts';

/**
 * An item of the table. The record is JSON text, because DynamoDB's own types refuse some records, such as a Terraform
 * output above 2^53 or nested deeper than 32 levels. An item has `gsi1pk` and `gsi1sk` only while the record is in the
 * index.
 */
const ItemSchema = z.object({ pk: z.string(), sk: z.string(), version: z.int().min(1), data: z.string() });
const TableKeySchema = z.strictObject({ pk: z.string().min(1), sk: z.string().min(1) });
const IndexKeySchema = TableKeySchema.extend({ gsi1pk: z.string().min(1), gsi1sk: z.string().min(1) });

const LONGEST_PAUSE_MS = 500;

type Pause = (attempt: number) => Promise<void>;

interface Options {
  /** Waits between the attempts of a transaction that loses the race against other writers. */
  readonly pause?: Pause;
  /** Is told of every record that could not be read, each time. */
  readonly report?: (unreadable: UnreadableRecordError) => Promise<void>;
}

/** In place of the version of an item that is no record. No transaction that has read one is committed. */
const NO_VERSION = -1;

/** The one DynamoDB table (keys: `RECORDS`). The SDK's client is loaded with the first write. */
export class DynamoStore implements Store {
  readonly #table: string;
  readonly #connection: DynamoConnection;
  readonly #reads: DynamoReads;
  #writes: Promise<DynamoWrites> | undefined;
  readonly #pause: Pause;
  readonly #report: Options['report'];

  constructor(table: string, access?: DynamoAccess, { pause = pauseWithJitter, report }: Options = {}) {
    this.#table = table;
    this.#pause = pause;
    this.#report = report;
    this.#connection = new DynamoConnection(access);
    this.#reads = new DynamoReads(table, this.#connection);
  }

  async get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> {
    const { pk, sk } = keyOf(kind, key);
    const stored = await this.#load(pk, sk);
    return stored && this.#parse(kind, stored);
  }

  async list<K extends Kind>(
    listing: Listing<K>,
    { limit = 100, cursor }: { limit?: number; cursor?: string } = {},
  ): Promise<Page<RecordOf<K>>> {
    const [partition, sort] = listing.index ? ['gsi1pk', 'gsi1sk'] : ['pk', 'sk'];
    const { items, lastKey } = await this.#reads.query({
      ...(listing.index && { index: listing.index }),
      consistent: !listing.index,
      condition: listing.prefix ? '#p = :p AND begins_with(#s, :s)' : '#p = :p',
      names: { '#p': partition, ...(listing.prefix && { '#s': sort }) },
      values: { ':p': listing.partition, ...(listing.prefix && { ':s': listing.prefix }) },
      ascending: listing.order === 'ascending',
      limit,
      ...(cursor !== undefined && { startAfter: decodeCursor(listing, cursor) }),
    });
    const places = new Map<RecordOf<K>, { item: (typeof items)[number]; unreadableBefore: number }>();
    const unreadable: UnreadableRecordError[] = [];
    for (const item of items)
      try {
        places.set(await this.#parse(listing.kind, storedIn(item)), { item, unreadableBefore: unreadable.length });
      } catch (error) {
        if (!(error instanceof UnreadableRecordError)) throw error;
        unreadable.push(error);
      }
    return {
      items: [...places.keys()],
      unreadable,
      ...(lastKey && { nextCursor: encodeCursor(lastKey) }),
      endingWith: (record) => {
        const place = places.get(record);
        return {
          unreadable: unreadable.slice(0, place?.unreadableBefore),
          nextCursor: encodeCursor(keyIn(listing, place?.item)),
        };
      },
    };
  }

  async readAhead(): Promise<ReadAhead> {
    return new RememberedReads(this.#load.bind(this), this.#parse);
  }

  transact<T>(attempt: (transaction: Transaction) => Promise<T>, ahead?: ReadAhead): Promise<T> {
    const records = { load: this.#load.bind(this), parse: this.#parse, commit: this.#commit.bind(this) };
    return runTransaction(records, attempt, this.#pause, ahead);
  }

  readonly #parse: Parse = async (kind, stored) => {
    try {
      return parseRecord(kind, stored);
    } catch (error) {
      if (error instanceof UnreadableRecordError) await this.#report?.(error);
      throw error;
    }
  };

  async #load(pk: string, sk: string): Promise<StoredRecord | undefined> {
    // Readers that were handed out call this directly, and not through the port.
    const item = await orUnavailable('DynamoDB', 'get', () => this.#reads.get({ pk, sk }));
    return item && storedIn(item);
  }

  async #commit(changes: readonly Change[]): Promise<boolean> {
    this.#writes ??= this.#loadWrites();
    return (await this.#writes).commit(changes);
  }

  async #loadWrites(): Promise<DynamoWrites> {
    const { DynamoWrites } = await import('./dynamo-writes.ts');
    return new DynamoWrites(this.#table, this.#connection, await this.#connection.url());
  }
}

/** Returns the record in an item. An item that is no record has null for content, which fits no schema. */
function storedIn(item: Record<string, unknown>): StoredRecord {
  const { pk, sk } = item;
  const place = { pk: String(pk), sk: String(sk) };
  const found = ItemSchema.safeParse(item).data;
  if (!found) return { ...place, version: NO_VERSION, data: null };
  try {
    return { ...place, version: found.version, data: JSON.parse(found.data) };
  } catch {
    // The error of JSON.parse has a piece of the text, which may be a secret.
    return { ...place, version: NO_VERSION, data: null };
  }
}

/** Returns the key of an item, as DynamoDB itself names the place of a listing. */
const keyIn = ({ index }: Listing<Kind>, item: unknown): Record<string, string> =>
  z.object((index ? IndexKeySchema : TableKeySchema).shape).parse(item);

const encodeCursor = (key: Record<string, unknown>): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/**
 * Reads a cursor of this listing. Throws InvalidInputError for any other cursor: DynamoDB would answer a
 * ValidationException, which would look like a fault of ours.
 */
function decodeCursor({ index, partition, prefix = '' }: Listing<Kind>, cursor: string): Record<string, string> {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (index) return IndexKeySchema.extend({ gsi1pk: z.literal(partition) }).parse(key);
    return TableKeySchema.extend({ pk: z.literal(partition), sk: z.string().min(1).startsWith(prefix) }).parse(key);
  } catch (cause) {
    throw new InvalidInputError(
      'reading a page',
      [{ field: 'cursor', message: 'not a cursor of this list', value: JSON.stringify(cursor) }],
      { cause },
    );
  }
}

/** Waits a random time below 2^n x 10 ms (full jitter), so that the losers of one race do not collide again. */
const pauseWithJitter: Pause = (attempt) =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(LONGEST_PAUSE_MS, 10 * 2 ** attempt)));
