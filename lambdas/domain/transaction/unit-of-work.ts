import { ConflictError } from '../errors.ts';
import { type KeyOf, type Kind, RECORDS, type RecordOf, type StoredRecord } from '../model/table/records.ts';
import type { ReadAhead, Transaction } from '../ports.ts';

/** What is written once stays as it is. */
function requireChangeable(kind: Kind, doing: string): void {
  const layout: { appendOnly?: true } = RECORDS[kind];
  if (layout.appendOnly) throw new Error(`${doing} a record of kind ${kind}: it is append-only`);
}

/** What a transaction found, and what it wants there now. All of it is committed at once, or nothing. */
export interface Change {
  readonly pk: string;
  readonly sk: string;
  /** Version read; 0 means the record must not exist. */
  readonly expectedVersion: number;
  readonly write:
    | 'none'
    | 'delete'
    | { readonly kind: Kind; readonly data: unknown; readonly index?: { pk: string; sk: string } };
}

/**
 * A record made anew never gets a version its deleted namesake had: who read that one must lose. A clock would be too
 * coarse for that, so it begins anywhere below 2^52, with as many numbers above it to count on.
 */
export const nextVersion = (expected: number): number =>
  expected === 0 ? 1 + Math.floor(Math.random() * 2 ** 52) : expected + 1;

/** Attempts before giving up; with jittered waits up to half a second this rides out bursts of some fifty writers. */
const MOST_ATTEMPTS = 30;

type Load = (pk: string, sk: string) => Promise<StoredRecord | undefined>;

export class RememberedReads implements ReadAhead {
  readonly #load: Load;
  readonly #records = new Map<string, ReturnType<Load>>();

  constructor(load: Load) {
    this.#load = load;
  }

  async get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> {
    const { pk, sk } = keyOf(kind, key);
    const stored = await this.load(pk, sk);
    return stored && parseRecord(kind, stored);
  }

  load(pk: string, sk: string): ReturnType<Load> {
    const record = this.#records.get(`${pk}|${sk}`) ?? this.#load(pk, sk);
    this.#records.set(`${pk}|${sk}`, record);
    return record;
  }
}

/** Reads remember the version they saw; `changes` are the writes together with a check of everything read. */
class UnitOfWork implements Transaction {
  readonly #reads: ReadAhead;
  readonly #seen = new Map<string, Change & { data: unknown }>();

  constructor(reads: ReadAhead) {
    this.#reads = reads;
  }

  async get<K extends Kind>(kind: K, key: KeyOf<K>): Promise<RecordOf<K> | undefined> {
    const { pk, sk } = keyOf(kind, key);
    const place = `${pk}|${sk}`;
    const stored = this.#seen.has(place) ? undefined : await this.#reads.load(pk, sk);
    // What this very transaction has written meanwhile stands.
    const found = this.#seen.get(place) ?? this.#remember(pk, sk, stored);
    return found.data === undefined ? undefined : parseRecord(kind, found);
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
    const data = parseRecord(kind, { pk, sk, data: record }, 'writing');
    const index = indexOf(kind, data);
    this.#seen.set(`${pk}|${sk}`, { pk, sk, expectedVersion, data, write: { kind, data, ...(index && { index }) } });
  }

  /** What was seen, without what was to be written. */
  get reads(): Change[] {
    return this.changes.map((change) => ({ ...change, write: 'none' }));
  }

  get changes(): Change[] {
    return [...this.#seen.values()].map(({ pk, sk, expectedVersion, write }) => ({ pk, sk, expectedVersion, write }));
  }
}

/** Storage the transactions run on: the table, or the fake. */
export interface VersionedRecords {
  load(pk: string, sk: string): Promise<StoredRecord | undefined>;
  /** Writes all changes if every expected version still stands; answers false, having written nothing, if not. */
  commit(changes: readonly Change[]): Promise<boolean>;
}

/**
 * Runs an attempt until its commit finds everything it read unchanged. The first one may go by what was read ahead of
 * it: that, too, must still stand when it commits.
 */
export async function runTransaction<T>(
  records: VersionedRecords,
  attempt: (transaction: Transaction) => Promise<T>,
  pause: (attemptNumber: number) => Promise<void>,
  ahead?: ReadAhead,
): Promise<T> {
  const load: Load = (pk, sk) => records.load(pk, sk);
  for (let number = 1; number <= MOST_ATTEMPTS; number++) {
    const work = new UnitOfWork((number === 1 && ahead) || new RememberedReads(load));
    const outcome = await settle(attempt(work));
    const changes = outcome.ok ? work.changes : work.reads;
    if (isTriviallyConsistent(changes) || (await records.commit(changes))) {
      if (outcome.ok) return outcome.result;
      throw outcome.error;
    }
    await pause(number);
  }
  throw new ConflictError(`committing after ${MOST_ATTEMPTS} attempts: other writers keep changing the same records`);
}

/** One record read and none written: there is nothing it could be inconsistent with. */
const isTriviallyConsistent = (changes: readonly Change[]): boolean =>
  changes.length === 0 || (changes.length === 1 && changes[0]?.write === 'none');

/**
 * A refusal is an outcome too: it counts only if what it was judged on still stands together. So does a crash, which
 * may come from records that were read before and after another writer's commit and do not fit together.
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
  // KeyOf<K> is this very function's parameter; the compiler cannot pair the two through the union of kinds.
  return layout.key(key as never);
}

function indexOf(kind: Kind, data: unknown): { pk: string; sk: string } | undefined {
  const layout: { index?: (record: never) => { pk: string; sk: string } | undefined } = RECORDS[kind];
  // The record has just been parsed by this kind's own schema, which the compiler cannot follow through the union.
  return layout.index?.(data as never);
}

/** Records are parsed on every read: a table edited by hand or by another version fails here, by name. */
export function parseRecord<K extends Kind>(
  kind: K,
  { pk, sk, data }: Omit<StoredRecord, 'version'>,
  doing: 'reading' | 'writing' = 'reading',
): RecordOf<K> {
  const schema: { safeParse(value: unknown): { success: true; data: unknown } | { success: false; error: Error } } =
    RECORDS[kind].schema;
  const parsed = schema.safeParse(data);
  if (!parsed.success)
    throw new Error(`${doing} the ${kind} record ${pk} ${sk}: it does not fit its schema`, { cause: parsed.error });
  // Parsed by the schema this type is inferred from; the union over all kinds hides that from the compiler.
  return parsed.data as RecordOf<K>;
}
