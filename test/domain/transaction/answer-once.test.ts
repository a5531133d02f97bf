import { beforeEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { ConflictError, UnreadableRecordError } from '../../../lambdas/domain/errors.ts';
import { type KeptAnswer, keyedRequest } from '../../../lambdas/domain/model/request/kept-request.ts';
import type { Store } from '../../../lambdas/domain/ports.ts';
import { answerOnce } from '../../../lambdas/domain/transaction/answer-once.ts';
import { returnedBefore, transactOwn } from '../../../lambdas/domain/transaction/own-transaction.ts';
import { FakeSurroundings } from '../../fakes/fake-surroundings.ts';
import { InMemoryStore } from '../../fakes/in-memory-store.ts';

const REQUEST = keyedRequest({ caller: 'jane', method: 'POST', path: '/things', key: '1' }, {});
const MadeSchema = z.object({ number: z.int() });

describe('a request with a key', () => {
  let services: { store: InMemoryStore; surroundings: FakeSurroundings };
  let made: number;
  beforeEach(() => {
    services = { store: new InMemoryStore(), surroundings: new FakeSurroundings() };
    made = 0;
  });
  const make = async () => {
    made += 1;
    return { number: made };
  };
  const once = (perform: (store: Store) => Promise<KeptAnswer>) =>
    answerOnce(services, REQUEST, perform, async () => {});
  const cutShort = () =>
    once(async (store) => {
      await transactOwn(store, MadeSchema, make);
      throw new ConflictError('the answer is lost');
    });

  test('gets in its repetition what its own transaction returned, wherever that transaction stands', async () => {
    await expect(cutShort()).rejects.toThrow(ConflictError);
    const answer = await once(async (store) => {
      // Other transactions run again.
      expect(await store.transact(async () => 'another')).toBe('another');
      return { status: 201, body: await transactOwn(store, MadeSchema, make) };
    });
    expect({ answer, made }).toEqual({ answer: { status: 201, body: { number: 1 } }, made: 1 });
  });

  test('knows before its checks that an earlier try was committed', async () => {
    const look = (store: Store) => returnedBefore(store, MadeSchema);
    await once(async (store) => {
      expect(await look(store)).toBeUndefined();
      await transactOwn(store, MadeSchema, make);
      throw new ConflictError('the answer is lost');
    }).catch(() => undefined);
    const answer = await once(async (store) => ({ status: 200, body: (await look(store)) ?? null }));
    expect(answer).toEqual({ status: 200, body: { number: 1 } });
    expect(await look(services.store)).toBeUndefined();
  });

  test('fails if what is kept is not what the operation returns', async () => {
    await expect(cutShort()).rejects.toThrow(ConflictError);
    const asText = once(async (store) => ({ status: 200, body: await transactOwn(store, z.string(), async () => '') }));
    await expect(asText).rejects.toThrow(UnreadableRecordError);
    expect(made).toBe(1);
  });

  test('is an error of the operation that has no transaction of its own', async () => {
    const answer = once(async (store) => ({ status: 200, body: await store.transact(make) }));
    await expect(answer).rejects.toThrow('the operation has no transaction of its own');
  });

  test('makes an answer again that is too large to keep', async () => {
    const large = () =>
      once(async (store) => ({ status: 200, body: [await transactOwn(store, MadeSchema, make), 'x'.repeat(200_000)] }));
    expect(await large()).toEqual(await large());
    expect(made).toBe(1);
  });
});
