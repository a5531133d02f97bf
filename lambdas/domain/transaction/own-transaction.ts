import type * as z from 'zod';
import type { ReadAhead, Store, Transaction } from '../ports.ts';

/** What an operation returns from a transaction: JSON that its schema parses again. */
type Attempt<Returned extends z.ZodType> = (transaction: Transaction) => Promise<z.output<Returned>>;

/** The store of a request that may be repeated: see `answerOnce`. */
export interface RepeatableStore extends Store {
  transactOwn<Returned extends z.ZodType>(
    schema: Returned,
    attempt: Attempt<Returned>,
    ahead?: ReadAhead,
  ): Promise<z.output<Returned>>;
  returnedBefore<Returned extends z.ZodType>(schema: Returned): Promise<z.output<Returned> | undefined>;
}

const isRepeatable = (store: Store): store is RepeatableStore => 'transactOwn' in store;

/**
 * Runs the one transaction by which an operation does what was asked for. If the request may be repeated, what it
 * returns is kept in the same commit, and a repetition gets that in place of another transaction. What the operation does
 * afterwards must be safe to repeat.
 */
export const transactOwn = <Returned extends z.ZodType>(
  store: Store,
  schema: Returned,
  attempt: Attempt<Returned>,
  ahead?: ReadAhead,
): Promise<z.output<Returned>> =>
  isRepeatable(store) ? store.transactOwn(schema, attempt, ahead) : store.transact(attempt, ahead);

/**
 * Returns what the own transaction of an earlier try of this request returned, if that was committed. Checks that come
 * before the transaction are for operations that have not been carried out: after it, they may fail because of it.
 */
export const returnedBefore = async <Returned extends z.ZodType>(
  store: Store,
  schema: Returned,
): Promise<z.output<Returned> | undefined> => (isRepeatable(store) ? store.returnedBefore(schema) : undefined);
