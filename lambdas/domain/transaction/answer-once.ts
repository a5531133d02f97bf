import type * as z from 'zod';
import { RefusedError, UnreadableRecordError } from '../errors.ts';
import { type KeptAnswer, type KeptRequest, type KeyedRequest, keptUntil } from '../model/request/kept-request.ts';
import type { ReadAhead, Reader, Store, Surroundings, Transaction } from '../ports.ts';
import type { RepeatableStore } from './own-transaction.ts';
import { keyOf } from './unit-of-work.ts';

interface Services {
  readonly store: Store;
  readonly surroundings: Surroundings;
}

type Begun = Extract<KeptRequest['state'], { is: 'begun' }>;
type Ended = Exclude<KeptRequest['state'], Begun>;

/** How often a refused request looks whether another request with the same key, which is under way, gets an answer. */
const MOST_LOOKS = 20;

/** Most characters of an answer that is kept: an item of DynamoDB has at most 400 KB. */
const MOST_KEPT = 100_000;

/**
 * Performs a request with an `Idempotency-Key` once, and gives its repetitions the same answer for 24 hours.
 *
 * What the operation's own transaction (`transactOwn`) returns is kept in the same commit, and a repetition gets that in
 * place of a second transaction. Everything after it runs again: it is safe to repeat, so a repetition completes a request
 * that was cut short. The first answer is kept, and given to all. A request that is refused before its transaction leaves
 * nothing behind, and can be repeated.
 *
 * `perform` gets the store to use; `pause` waits before another look at a request that is under way. Throws RefusedError
 * `idempotency-key-reused`, and what `perform` throws.
 */
export async function answerOnce(
  services: Services,
  request: KeyedRequest,
  perform: (store: Store) => Promise<KeptAnswer>,
  pause: () => Promise<void>,
): Promise<KeptAnswer> {
  const known = await findKept(services.store, services, request);
  if (known && known.is !== 'begun') return answerIn(known);
  const store = new KeyedStore(services, request);
  try {
    const answer = await perform(store);
    if (!store.hasBegun) throw new Error('keeping a request: the operation has no transaction of its own');
    return answerIn(await keep(services, request, { is: 'answered', answer }));
  } catch (error) {
    if (error instanceof EndedMeanwhile) return answerIn(error.ended);
    if (!(error instanceof RefusedError)) throw error;
    const { refusal, message } = error;
    const ended = store.hasBegun
      ? await keep(services, request, { is: 'refused', refusal, message })
      : await endOfOther(services, request, pause);
    if (ended) return answerIn(ended);
    throw error;
  }
}

/** Thrown within an attempt when another request with the same key has ended in the meantime. */
class EndedMeanwhile extends Error {
  readonly ended: Ended;
  constructor(ended: Ended) {
    super('another request with the same key has ended');
    this.ended = ended;
  }
}

/** Returns the answer that is kept. Throws RefusedError if the request was refused. */
function answerIn(ended: Ended): KeptAnswer {
  if (ended.is === 'refused') throw new RefusedError(ended.refusal, ended.message);
  return ended.answer;
}

/** Returns what has become of the request, or undefined if nothing of it is kept any more. Throws RefusedError. */
async function findKept(
  reader: Reader,
  { surroundings }: Pick<Services, 'surroundings'>,
  { mark, body }: KeyedRequest,
): Promise<KeptRequest['state'] | undefined> {
  const kept = await reader.get('keptRequest', { mark });
  if (!kept || kept.expiresAt <= surroundings.now()) return undefined;
  if (kept.body === body) return kept.state;
  throw new RefusedError(
    'idempotency-key-reused',
    `this Idempotency-Key was used for a request with another body; it is free again after ${kept.expiresAt}`,
  );
}

/** Keeps how the request ended, and returns that; if another request with the same key ended before, returns its end. */
const keep = (services: Services, request: KeyedRequest, ended: Ended): Promise<Ended> =>
  services.store.transact(async (transaction) => {
    const state = await findKept(transaction, services, request);
    if (state && state.is !== 'begun') return state;
    // A larger one stays as it began: a repetition makes its answer again.
    if (JSON.stringify(ended).length <= MOST_KEPT)
      transaction.put('keptRequest', { ...request, state: ended, expiresAt: keptUntil(services.surroundings.now()) });
    return ended;
  });

/** Waits for the end of another request with the same key, if one has begun. */
async function endOfOther(
  services: Services,
  request: KeyedRequest,
  pause: () => Promise<void>,
): Promise<Ended | undefined> {
  for (let look = 1; look <= MOST_LOOKS; look++) {
    const state = await findKept(services.store, services, request);
    if (state?.is !== 'begun') return state;
    await pause();
  }
  return undefined;
}

/** The store for one request with a key. */
class KeyedStore implements RepeatableStore {
  readonly #services: Services;
  readonly #request: KeyedRequest;
  /** Whether the request's own transaction is committed, by this request or by another one with the same key. */
  hasBegun = false;

  constructor(services: Services, request: KeyedRequest) {
    this.#services = services;
    this.#request = request;
  }

  get: Store['get'] = (kind, key) => this.#services.store.get(kind, key);
  list: Store['list'] = (listing, page) => this.#services.store.list(listing, page);
  readAhead: Store['readAhead'] = () => this.#services.store.readAhead();
  transact: Store['transact'] = (attempt, ahead) => this.#services.store.transact(attempt, ahead);

  async transactOwn<Returned extends z.ZodType>(
    schema: Returned,
    attempt: (transaction: Transaction) => Promise<z.output<Returned>>,
    ahead?: ReadAhead,
  ): Promise<z.output<Returned>> {
    const { store, surroundings } = this.#services;
    const begun = await store.transact(async (transaction) => {
      const state = await findKept(transaction, this.#services, this.#request);
      if (state?.is === 'begun') return state;
      if (state) throw new EndedMeanwhile(state);
      const returned = JSON.stringify(await attempt(transaction));
      const made: Begun = { is: 'begun', ...(returned !== undefined && { returned }) };
      transaction.put('keptRequest', { ...this.#request, state: made, expiresAt: keptUntil(surroundings.now()) });
      return made;
    }, ahead);
    return this.#read(schema, begun);
  }

  async returnedBefore<Returned extends z.ZodType>(schema: Returned): Promise<z.output<Returned> | undefined> {
    const state = await findKept(this.#services.store, this.#services, this.#request);
    return state?.is === 'begun' ? this.#read(schema, state) : undefined;
  }

  #read<Returned extends z.ZodType>(schema: Returned, { returned }: Begun): z.output<Returned> {
    this.hasBegun = true;
    const parsed = schema.safeParse(returned === undefined ? undefined : JSON.parse(returned));
    if (parsed.success) return parsed.data;
    throw new UnreadableRecordError('keptRequest', keyOf('keptRequest', this.#request), { cause: parsed.error });
  }
}
