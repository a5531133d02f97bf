import { ConflictError, UnreadableRecordError } from '../errors.ts';
import { type KeyOf, type Kind, RECORDS, type RecordOf, type StoredRecord } from '../model/table/records.ts';
import type { ReadAhead, Transaction } from '../ports.ts';

/** Throws if records of this kind are append-only. */
function requireChangeable(kind: Kind, doing: string): void {
  const layout: { appendOnly?: true } = RECORDS[kind];
  if (layout.appendOnly) throw new Error(`${doing} a record of kind ${kind}: it is append-only`);
}

/** The version of one record that a transaction read, and its write. All changes are committed at once, or none. */
export interface Change {
  readonly pk: string;
  readonly sk: string;
  /** The version that was read; 0 means that the record must not exist. */
  readonly expectedVersion: number;
  readonly write:
    | 'none'
    | 'delete'
    | {
        readonly kind: Kind;
        readonly data: unknown;
        readonly index?: { pk: string; sk: string };
        readonly expires?: string;
      };
}

/**
 * Returns the version of the next write. A record that is created again must not get a version that its deleted
 * predecessor had, because transactions that read the predecessor must fail. A clock is too coarse for that, so
 * versions start at a random number below 2^52, which leaves as many numbers to count up.
 */
export const nextVersion = (expected: number): number =>
  expected === 0 ? 1 + Math.floor(Math.random() * 2 ** 52) : expected + 1;

/** Number of attempts. With jittered waits of up to half a second, they are enough for bursts of some fifty writers. */
const MOST_ATTEMPTS = 30;

type Load = (pk: string, sk: string) => Promise<StoredRecord | undefined>;
/** Parses a record as `parseRecord` does. A store reports what it cannot read. */
export type Parse = <K extends Kind>(kind: K, stored: Omit<StoredRecord, 'version'>) => Promise<RecordOf<K>>;

export class RememberedReads implements ReadAhead {
  readonly #load: Load;
  readonly #parse: Parse;
  readonly #records = new Map<string, ReturnType<Load>>();

  constructor(load: Load, parse: Parse) {
    this.#load = load;
    this.#parse = parse;
  }

  async get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> {
    const { pk, sk } = keyOf(kind, key);
    const stored = await this.load(pk, sk);
    return stored && this.#parse(kind, stored);
  }

  load(pk: string, sk: string): ReturnType<Load> {
    const record = this.#records.get(`${pk}|${sk}`) ?? this.#load(pk, sk);
    this.#records.set(`${pk}|${sk}`, record);
    return record;
  }
}

/** Remembers the version of each record it reads; `changes` are its writes together with checks of all its reads. */
class UnitOfWork implements Transaction {
  readonly #reads: ReadAhead;
  readonly #parse: Parse;
  readonly #seen = new Map<string, Change & { data: unknown }>();
  /** The first record that could not be read, if any. Nothing may be written without knowing it. */
  unreadable: UnreadableRecordError | undefined;

  constructor(reads: ReadAhead, parse: Parse) {
    this.#reads = reads;
    this.#parse = parse;
  }

  async get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> {
    const { pk, sk } = keyOf(kind, key);
    const place = `${pk}|${sk}`;
    const stored = this.#seen.has(place) ? undefined : await this.#reads.load(pk, sk);
    // What this transaction has written itself counts, not the stored record.
    const found = this.#seen.get(place) ?? this.#remember(pk, sk, stored);
    if (found.data === undefined) return undefined;
    try {
      return await this.#parse(kind, found);
    } catch (error) {
      if (error instanceof UnreadableRecordError) this.unreadable ??= error;
      throw error;
    }
  }

  #remember(pk: string, sk: string, stored: StoredRecord | undefined): Change & { data: unknown } {
    const change = { pk, sk, expectedVersion: stored?.version ?? 0, write: 'none' as const, data: stored?.data };
    this.#seen.set(`${pk}|${sk}`, change);
    return change;
  }

  put<K extends Kind>(kind: K, record: RecordOf<K>): void {
    requireChangeable(kind, 'writing over');
    const { pk, sk } = keyOf(kind, record);
    const seen = this.#seen.get(`${pk}|${sk}`);
    if (!seen) throw new Error(`writing ${kind} ${pk} ${sk}: it was not read in this transaction`);
    this.#write(kind, record, pk, sk, seen.expectedVersion);
  }

  insert<K extends Kind>(kind: K, record: RecordOf<K>): void {
    const { pk, sk } = keyOf(kind, record);
    this.#write(kind, record, pk, sk, 0);
  }

  delete<K extends Kind>(kind: K, key: KeyOf<K>): void {
    requireChangeable(kind, 'deleting');
    const { pk, sk } = keyOf(kind, key);
    const seen = this.#seen.get(`${pk}|${sk}`);
    if (!seen) throw new Error(`deleting ${kind} ${pk} ${sk}: it was not read in this transaction`);
    const write = seen.expectedVersion > 0 ? 'delete' : 'none';
    this.#seen.set(`${pk}|${sk}`, { ...seen, write, data: undefined });
  }

  #write(kind: Kind, record: unknown, pk: string, sk: string, expectedVersion: number): void {
    const data = parseWritten(kind, { pk, sk, data: record });
    const write = { kind, data, ...extrasOf(kind, data) };
    this.#seen.set(`${pk}|${sk}`, { pk, sk, expectedVersion, data, write });
  }

  /** The checks of all reads, without the writes. */
  get reads(): Change[] {
    return this.changes.map((change) => ({ ...change, write: 'none' }));
  }

  get changes(): Change[] {
    return [...this.#seen.values()].map(({ pk, sk, expectedVersion, write }) => ({ pk, sk, expectedVersion, write }));
  }
}

/** The storage for transactions: the table, or the fake. */
export interface VersionedRecords {
  load(pk: string, sk: string): Promise<StoredRecord | undefined>;
  readonly parse: Parse;
  /** Writes all changes if every expected version is unchanged. Otherwise writes nothing and returns false. */
  commit(changes: readonly Change[]): Promise<boolean>;
}

/**
 * Runs an attempt until its commit finds all records that it read unchanged. The first attempt may use records that
 * were read ahead: these, too, must be unchanged when it commits.
 */
export async function runTransaction<T>(
  records: VersionedRecords,
  attempt: (transaction: Transaction) => Promise<T>,
  pause: (attemptNumber: number) => Promise<void>,
  ahead?: ReadAhead,
): Promise<T> {
  const load: Load = (pk, sk) => records.load(pk, sk);
  for (let number = 1; number <= MOST_ATTEMPTS; number++) {
    const work = new UnitOfWork((number === 1 && ahead) || new RememberedReads(load, records.parse), records.parse);
    const outcome = await settle(attempt(work));
    if (work.unreadable) throw work.unreadable;
    const changes = outcome.ok ? work.changes : work.reads;
    if (isTriviallyConsistent(changes) || (await records.commit(changes))) {
      if (outcome.ok) return outcome.result;
      throw outcome.error;
    }
    await pause(number);
  }
  throw new ConflictError(`committing after ${MOST_ATTEMPTS} attempts: other writers keep changing the same records`);
}

/** Returns true if at most one record was read and none written: a single read cannot be inconsistent. */
const isTriviallyConsistent = (changes: readonly Change[]): boolean =>
  changes.length === 0 || (changes.length === 1 && changes[0]?.write === 'none');

/**
 * Returns the result or the error of an attempt. A refusal is an outcome too: it counts only if the records behind it
 * are still unchanged. The same holds for a crash, which inconsistent reads may cause: some from before and some from
 * after another writer's commit.
 */
async function settle<T>(attempt: Promise<T>): Promise<{ ok: true; result: T } | { ok: false; error: unknown }> {
  try {
    return { ok: true, result: await attempt };
  } catch (error) {
    return { ok: false, error };
  }
}

export function keyOf<K extends Kind>(kind: K, key: KeyOf<K>): { pk: string; sk: string } {
  const layout: { key: (identity: never) => { pk: string; sk: string } } = RECORDS[kind];
  // KeyOf<K> is the type of this function's parameter; the compiler cannot pair the two through the union of kinds.
  return layout.key(key as never);
}

/** Returns the record's place in the index and the time of its end, where its kind has them. */
function extrasOf(kind: Kind, data: unknown): { index?: { pk: string; sk: string }; expires?: string } {
  const layout: {
    index?: (record: never) => { pk: string; sk: string } | undefined;
    expires?: (record: never) => string;
  } = RECORDS[kind];
  // The record has just been parsed by the schema of its kind; the compiler cannot follow this through the union.
  const record = data as never;
  const index = layout.index?.(record);
  return { ...(index && { index }), ...(layout.expires && { expires: layout.expires(record) }) };
}

/** Parses a record, on every read. Throws UnreadableRecordError for one that a hand or another version has changed. */
export function parseRecord<K extends Kind>(kind: K, { pk, sk, data }: Omit<StoredRecord, 'version'>): RecordOf<K> {
  const parsed = parse(kind, data);
  if (!parsed.success) throw new UnreadableRecordError(kind, { pk, sk }, { cause: parsed.error });
  return parsed.data;
}

function parseWritten<K extends Kind>(kind: K, { pk, sk, data }: Omit<StoredRecord, 'version'>): RecordOf<K> {
  const parsed = parse(kind, data);
  if (!parsed.success)
    throw new Error(`writing the ${kind} record ${pk} ${sk}: it does not fit its schema`, { cause: parsed.error });
  return parsed.data;
}

function parse<K extends Kind>(kind: K, data: unknown) {
  const schema: {
    safeParse(value: unknown): { success: true; data: unknown } | { success: false; error: Error };
  } = RECORDS[kind].schema;
  // Parsed by the schema from which this type is inferred; the union of all kinds hides that from the compiler.
  return schema.safeParse(data) as { success: true; data: RecordOf<K> } | { success: false; error: Error };
}
