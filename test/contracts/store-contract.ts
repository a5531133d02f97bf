import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ConflictError, RefusedError, UnreadableRecordError } from '../../lambdas/domain/errors.ts';
import { LISTINGS, type Listing } from '../../lambdas/domain/model/table/listings.ts';
import { type KeyOf, type Kind, RECORDS, type RecordOf } from '../../lambdas/domain/model/table/records.ts';
import type { Store, Transaction } from '../../lambdas/domain/ports.ts';
import {
  aDeployment,
  aGate,
  anApplication,
  anApprover,
  anEnvironmentState,
  aRelease,
  NOW,
} from '../harness/builders.ts';
import { RECORD_SAMPLES } from './record-samples.ts';

/** Where the contract opens an empty store, and how a hand outside of it spoils a record. */
export interface StoreSetup {
  /** False for an emulator whose threads see each other's half-done transactions. */
  readonly isAtomic?: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
  open(): Promise<Store>;
  /** Opens one that does not pause between the attempts of a transaction, where stores pause. */
  openWithoutPauses?(): Promise<Store>;
  corrupt<K extends Kind>(kind: K, key: KeyOf<K>, data: unknown): Promise<void>;
}

const BAD_CURSOR = { name: 'InvalidInputError', issues: [{ field: 'cursor' }] };

/** What everything that calls itself a Store must do. */
export function describeStore(name: string, setup: StoreSetup): void {
  describe(name, () => {
    let store: Store;
    beforeAll(() => setup.start());
    afterAll(() => setup.stop());
    beforeEach(async () => {
      store = await setup.open();
    });

    const insert = <K extends Kind>(kind: K, ...records: RecordOf<K>[]): Promise<void> =>
      store.transact(async (transaction) => {
        for (const record of records) transaction.insert(kind, record);
      });
    const all = async <K extends Kind>(listing: Listing<K>, limit = 100): Promise<RecordOf<K>[]> => {
      const found: RecordOf<K>[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list(listing, { limit, ...(cursor && { cursor }) });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        found.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor);
      return found;
    };
    const increment = (application: string): Promise<number> =>
      store.transact(async (transaction) => {
        const newest = ((await transaction.get('releaseLog', { application }))?.newest ?? 0) + 1;
        transaction.put('releaseLog', { application, newest });
        return newest;
      });
    const newestOf = async (application: string): Promise<number | undefined> =>
      (await store.get('releaseLog', { application }))?.newest;

    describe('records', () => {
      const kinds = Object.keys(RECORDS) as Kind[];
      test.each(kinds)('a %s comes back as it was written', (kind) => roundTrip(kind));
      async function roundTrip<K extends Kind>(kind: K): Promise<void> {
        const record: RecordOf<K> = RECORD_SAMPLES[kind];
        await insert(kind, record);
        expect(await store.get(kind, record as unknown as KeyOf<K>)).toEqual(record);
      }

      test('a record that was never written is absent', async () => {
        expect(await store.get('application', { name: 'nobody' })).toBeUndefined();
      });

      test('any JSON value comes back as it was written', async () => {
        // Zod drops a member of this name, as it must: assigning it would change the object's prototype.
        const withoutPrototype = (key: string, value: unknown) => (key === '__proto__' ? undefined : value);
        const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value), withoutPrototype));
        let number = 0;
        await fc.assert(
          fc.asyncProperty(json, async (value) => {
            number += 1;
            const record = { ...RECORD_SAMPLES.outputs, environment: `env-${number}` };
            record.values = { out: { value, sensitive: false } };
            await insert('outputs', record);
            expect(await store.get('outputs', record)).toEqual(record);
          }),
          { numRuns: 40, seed: 7, examples: [[1e300], [2 ** 70], [{ '': '' }], [nested(40)]] },
        );
      });

      test('what is read is a copy: changing it changes nothing stored', async () => {
        await insert('releaseLog', { application: 'my-app', newest: 1 });
        const read = await store.get('releaseLog', { application: 'my-app' });
        Object.assign(read ?? {}, { newest: 99 });
        expect(await newestOf('my-app')).toBe(1);
      });

      test('fails to write a record that does not fit its schema', async () => {
        const wrong = { application: 'my-app', newest: -1 };
        await expect(insert('releaseLog', wrong)).rejects.toThrow(/writing .*releaseLog/);
        expect(await newestOf('my-app')).toBeUndefined();
      });

      test('fails naming the kind and the place when a stored record does not fit its schema', async () => {
        const { id } = aDeployment('queued');
        await insert('deployment', aDeployment('queued'));
        await setup.corrupt('deployment', { id }, { status: 'lost' });
        const named = /reading .*deployment.*my-app-dev1-1-abc123/;
        await expect(store.get('deployment', { id })).rejects.toThrow(named);
        await expect(store.transact((transaction) => transaction.get('deployment', { id }))).rejects.toThrow(named);
      });

      test('lists those that fit their schema, and names the others', async () => {
        for (const number of [1, 2, 3]) await insert('release', aRelease({ number }));
        await setup.corrupt('release', aRelease({ number: 2 }), { number: 'a secret' });
        const { items, unreadable } = await store.list(LISTINGS.releases('my-app'));
        expect(items.map(({ number }) => number)).toEqual([3, 1]);
        expect(unreadable).toMatchObject([{ kind: 'release', pk: 'APP#my-app', sk: 'RELEASE#0000002' }]);
        const first = await store.list(LISTINGS.releases('my-app'), { limit: 2 });
        const rest = await store.list(LISTINGS.releases('my-app'), { limit: 2, cursor: first.nextCursor ?? '' });
        expect([first.items.length, first.unreadable.length, rest.items.length]).toEqual([1, 1, 1]);
      });

      test('writes nothing with a transaction that met one that does not fit, and leaves that as it is', async () => {
        await insert('deployment', aDeployment('queued'));
        const { id } = aDeployment('queued');
        await setup.corrupt('deployment', { id }, { status: 'lost' });
        const careless = store.transact(async (transaction) => {
          transaction.insert('release', aRelease());
          await transaction.get('deployment', { id }).catch(() => undefined);
          transaction.put('deployment', aDeployment('queued'));
        });
        await expect(careless).rejects.toBeInstanceOf(UnreadableRecordError);
        expect(await store.get('release', aRelease())).toBeUndefined();
        await expect(store.get('deployment', { id })).rejects.toBeInstanceOf(UnreadableRecordError);
      });
    });

    describe('listings', () => {
      test('applications come in the order of their names, and only applications', async () => {
        for (const name of ['zebra', 'apple', 'my-app']) await insert('application', anApplication({ name }));
        await insert('approver', anApprover());
        expect((await all(LISTINGS.applications())).map(({ name }) => name)).toEqual(['apple', 'my-app', 'zebra']);
      });

      test('releases come newest first, without the release log and without those of another application', async () => {
        for (const number of [2, 10, 1, 100]) await insert('release', aRelease({ number }));
        await insert('release', aRelease({ application: 'other', number: 50 }));
        await insert('releaseLog', { application: 'my-app', newest: 100 });
        expect((await all(LISTINGS.releases('my-app'))).map(({ number }) => number)).toEqual([100, 10, 2, 1]);
      });

      test('a history holds the deployments of one environment, newest first', async () => {
        for (const number of [1, 12, 2])
          await insert('deployment', aDeployment('queued', { number, id: `my-app-dev1-${number}-abc123` }));
        await insert(
          'deployment',
          aDeployment('queued', { environment: 'stage1', number: 3, id: 'my-app-stage1-3-abc123' }),
        );
        expect((await all(LISTINGS.history('my-app', 'dev1'))).map(({ number }) => number)).toEqual([12, 2, 1]);
      });

      test('one person is found as an approver of every application', async () => {
        for (const application of ['b-app', 'a-app']) await insert('approver', anApprover({ application }));
        await insert('approver', anApprover({ email: 'bob@staff.example' }));
        const found = await all(LISTINGS.approverEverywhere('alice@staff.example'));
        expect(found.map(({ application }) => application)).toEqual(['a-app', 'b-app']);
      });

      test('an environment is in flight while it is held or awaited, and not before or after', async () => {
        const where = { application: 'my-app', environment: 'dev1' };
        const holder = { deploymentId: 'my-app-dev1-1-abc123', release: 1, operation: 'deploy' as const };
        const put = (state: ReturnType<typeof anEnvironmentState>) =>
          store.transact(async (transaction) => {
            await transaction.get('environmentState', where);
            transaction.put('environmentState', state);
          });
        const inFlight = async () => (await all(LISTINGS.inFlight())).length;
        await put(anEnvironmentState());
        expect(await inFlight()).toBe(0);
        await put(anEnvironmentState({ holder: { ...holder, since: NOW } }));
        expect(await inFlight()).toBe(1);
        await put(anEnvironmentState({ queue: [holder] }));
        expect(await inFlight()).toBe(1);
        await put(anEnvironmentState());
        expect(await inFlight()).toBe(0);
      });

      test('pending gates are the open ones, the first to expire first', async () => {
        const later = aGate({ expiresAt: '2026-11-29T10:00:00.000Z', deploymentId: 'my-app-dev1-2-abc123' });
        const sooner = aGate({ expiresAt: '2026-11-24T10:00:00.000Z' });
        const closed = aGate({ status: 'approved', deploymentId: 'my-app-dev1-3-abc123' });
        for (const gate of [later, sooner, closed]) await insert('gate', gate);
        expect(await all(LISTINGS.pendingGates('staff'))).toEqual([sooner, later]);
        expect(await all(LISTINGS.pendingGates('client'))).toEqual([]);
        expect(await all(LISTINGS.gates(sooner.deploymentId))).toEqual([sooner]);
      });

      test('a deleted record leaves its listings', async () => {
        await insert('application', anApplication());
        await store.transact(async (transaction) => {
          await transaction.get('application', { name: 'my-app' });
          transaction.delete('application', { name: 'my-app' });
        });
        expect(await all(LISTINGS.applications())).toEqual([]);
        expect(await store.get('application', { name: 'my-app' })).toBeUndefined();
      });
    });

    describe('pages', () => {
      const numbers = Array.from({ length: 25 }, (_, index) => index + 1);

      test.each([1, 7, 10, 25, 26])('of at most %i show everything once and in order', async (limit) => {
        await insert('release', ...numbers.map((number) => aRelease({ number })));
        const shown = (await all(LISTINGS.releases('my-app'), limit)).map(({ number }) => number);
        expect(shown).toEqual(numbers.toReversed());
      });

      test('of an index show everything once and in order', async () => {
        const names = numbers.map((number) => `app-${String(number).padStart(2, '0')}`);
        await insert('application', ...names.map((each) => anApplication({ name: each })));
        expect((await all(LISTINGS.applications(), 4)).map((application) => application.name)).toEqual(names);
      });

      test('go on behind the last record seen, whatever came before it meanwhile', async () => {
        await insert('release', ...[1, 2, 3, 4].map((number) => aRelease({ number })));
        const { items, nextCursor } = await store.list(LISTINGS.releases('my-app'), { limit: 2 });
        expect(items.map(({ number }) => number)).toEqual([4, 3]);
        await insert('release', aRelease({ number: 5 }));
        const rest = await store.list(LISTINGS.releases('my-app'), { limit: 2, cursor: nextCursor ?? '' });
        expect(rest.items.map(({ number }) => number)).toEqual([2, 1]);
      });

      test('go on behind any record of a page', async () => {
        await insert('release', ...[1, 2, 3, 4].map((number) => aRelease({ number })));
        await insert('application', ...['a', 'b', 'c'].map((each) => anApplication({ name: each })));
        const releases = await store.list(LISTINGS.releases('my-app'));
        const second = releases.items[1];
        const rest = await store.list(LISTINGS.releases('my-app'), {
          cursor: second ? releases.endingWith(second).nextCursor : '',
        });
        expect(rest.items.map(({ number }) => number)).toEqual([2, 1]);
        const applications = await store.list(LISTINGS.applications());
        const first = applications.items[0];
        const others = await store.list(LISTINGS.applications(), {
          cursor: first ? applications.endingWith(first).nextCursor : '',
        });
        expect(others.items.map(({ name }) => name)).toEqual(['b', 'c']);
      });

      test.each(['', 'x', 'e30', 'bnVsbA', '%%%', 'W10'])('fail naming the cursor when it is "%s"', async (cursor) => {
        await expect(store.list(LISTINGS.releases('my-app'), { cursor })).rejects.toMatchObject(BAD_CURSOR);
      });

      test('fail naming the cursor when it is one of another list', async () => {
        await insert('release', ...[1, 2, 3].map((number) => aRelease({ number })));
        await insert('application', ...['a', 'b', 'c'].map((each) => anApplication({ name: each })));
        const release = (await store.list(LISTINGS.releases('my-app'), { limit: 1 })).nextCursor ?? '';
        const application = (await store.list(LISTINGS.applications(), { limit: 1 })).nextCursor ?? '';
        const list = (listing: Listing<Kind>, cursor: string) => store.list(listing, { limit: 1, cursor });
        await expect(list(LISTINGS.releases('other'), release)).rejects.toMatchObject(BAD_CURSOR);
        await expect(list(LISTINGS.environments('my-app'), release)).rejects.toMatchObject(BAD_CURSOR);
        await expect(list(LISTINGS.applications(), release)).rejects.toMatchObject(BAD_CURSOR);
        await expect(list(LISTINGS.releases('my-app'), application)).rejects.toMatchObject(BAD_CURSOR);
      });
    });

    describe('transactions', () => {
      test('see their own writes', async () => {
        const seen = await store.transact(async (transaction) => {
          await transaction.get('releaseLog', { application: 'my-app' });
          transaction.put('releaseLog', { application: 'my-app', newest: 1 });
          const written = await transaction.get('releaseLog', { application: 'my-app' });
          transaction.delete('releaseLog', { application: 'my-app' });
          return [written?.newest, await transaction.get('releaseLog', { application: 'my-app' })];
        });
        expect(seen).toEqual([1, undefined]);
      });

      test('that write and delete an absent record in one go leave nothing', async () => {
        await store.transact(async (transaction) => {
          await transaction.get('releaseLog', { application: 'my-app' });
          transaction.put('releaseLog', { application: 'my-app', newest: 1 });
          transaction.delete('releaseLog', { application: 'my-app' });
        });
        expect(await newestOf('my-app')).toBeUndefined();
      });

      test('that delete a record and write it again leave the new one', async () => {
        await increment('my-app');
        await store.transact(async (transaction) => {
          await transaction.get('releaseLog', { application: 'my-app' });
          transaction.delete('releaseLog', { application: 'my-app' });
          transaction.put('releaseLog', { application: 'my-app', newest: 40 });
        });
        expect(await newestOf('my-app')).toBe(40);
      });

      test('that crash write nothing', async () => {
        await insert('releaseLog', { application: 'a', newest: 1 });
        const crash = store.transact(async (transaction) => {
          await transaction.get('releaseLog', { application: 'a' });
          transaction.put('releaseLog', { application: 'a', newest: 2 });
          transaction.insert('release', aRelease());
          throw new Error('crash');
        });
        await expect(crash).rejects.toThrow('crash');
        expect(await newestOf('a')).toBe(1);
        expect(await store.get('release', aRelease())).toBeUndefined();
      });

      test('hold sixty records', async () => {
        const releases = Array.from({ length: 60 }, (_, index) => aRelease({ number: index + 1 }));
        await insert('release', ...releases);
        expect(await all(LISTINGS.releases('my-app'))).toHaveLength(60);
      });

      test('fail when they put a record they have not read', async () => {
        const blind = store.transact(async (transaction) => {
          transaction.put('releaseLog', { application: 'my-app', newest: 1 });
        });
        await expect(blind).rejects.toThrow('was not read in this transaction');
        expect(await newestOf('my-app')).toBeUndefined();
      });

      test('fail when they delete a record they have not read', async () => {
        await increment('my-app');
        const blind = store.transact(async (transaction) => {
          transaction.delete('releaseLog', { application: 'my-app' });
        });
        await expect(blind).rejects.toThrow('was not read in this transaction');
        expect(await newestOf('my-app')).toBe(1);
      });

      test('run again when what they insert exists already', async () => {
        await insert('release', aRelease({ number: 1 }));
        let number = 0;
        await store.transact(async (transaction) => {
          number += 1;
          transaction.insert('release', aRelease({ number, author: 'second' }));
        });
        expect(await all(LISTINGS.releases('my-app'))).toEqual([
          aRelease({ number: 2, author: 'second' }),
          aRelease({ number: 1 }),
        ]);
      });

      test('run again when a record they read, also one that was absent, has changed meanwhile', async () => {
        await increment('read');
        const seen: (number | undefined)[][] = [];
        await store.transact(async (transaction) => {
          const read = await transaction.get('releaseLog', { application: 'read' });
          const absent = await transaction.get('releaseLog', { application: 'absent' });
          seen.push([read?.newest, absent?.newest]);
          if (seen.length === 1) await increment('read');
          if (seen.length === 2) await increment('absent');
          transaction.insert('release', aRelease());
        });
        expect(seen).toEqual([
          [1, undefined],
          [2, undefined],
          [2, 1],
        ]);
      });

      test('run again when a record they only read was deleted and made again, however fast', async () => {
        await increment('my-app');
        for (let round = 1; round <= 5; round++) {
          let attempts = 0;
          await store.transact(async (transaction) => {
            attempts += 1;
            const read = await transaction.get('releaseLog', { application: 'my-app' });
            if (attempts === 1) await makeAnew(read?.newest ?? 0);
            transaction.insert('release', aRelease({ number: round }));
          });
          expect(attempts).toBe(2);
        }
      });
      async function makeAnew(newest: number): Promise<void> {
        await store.transact(async (transaction) => {
          await transaction.get('releaseLog', { application: 'my-app' });
          transaction.delete('releaseLog', { application: 'my-app' });
        });
        await insert('releaseLog', { application: 'my-app', newest });
      }

      test('give up with ConflictError when another writer always comes first', async () => {
        store = await (setup.openWithoutPauses ?? setup.open)();
        let attempts = 0;
        const loser = store.transact(async (transaction) => {
          attempts += 1;
          await transaction.get('releaseLog', { application: 'my-app' });
          await increment('my-app');
          transaction.put('releaseLog', { application: 'my-app', newest: 1000 });
        });
        await expect(loser).rejects.toThrow(ConflictError);
        expect(await newestOf('my-app')).toBe(attempts);
      });

      test('answer nothing that was never true at one time', async () => {
        await insert('releaseLog', { application: 'a', newest: 0 }, { application: 'b', newest: 0 });
        let attempts = 0;
        const sum = await store.transact(async (transaction) => {
          attempts += 1;
          const a = await transaction.get('releaseLog', { application: 'a' });
          if (attempts === 1)
            await store.transact(async (other) => {
              for (const application of ['a', 'b']) {
                await other.get('releaseLog', { application });
                other.put('releaseLog', { application, newest: 5 });
              }
            });
          const b = await transaction.get('releaseLog', { application: 'b' });
          return [a?.newest, b?.newest];
        });
        expect(sum).toEqual([5, 5]);
      });
    });

    describe('reading ahead', () => {
      const read = { application: 'my-app' };

      test('gives a transaction what was read, and is checked when it commits', async () => {
        await increment('my-app');
        const ahead = await store.readAhead();
        expect((await ahead.get('releaseLog', read))?.newest).toBe(1);
        const seen: (number | undefined)[] = [];
        await increment('my-app');
        await store.transact(async (transaction) => {
          const newest = (await transaction.get('releaseLog', read))?.newest ?? 0;
          seen.push(newest);
          transaction.put('releaseLog', { ...read, newest: newest + 10 });
        }, ahead);
        // The first attempt went by what had been read, and lost to who wrote meanwhile.
        expect(seen).toEqual([1, 2]);
        expect(await newestOf('my-app')).toBe(12);
      });

      test('gives a transaction what was absent, which must be absent still when it commits', async () => {
        const ahead = await store.readAhead();
        expect(await ahead.get('releaseLog', read)).toBeUndefined();
        await increment('my-app');
        const seen: (number | undefined)[] = [];
        await store.transact(async (transaction) => {
          const log = await transaction.get('releaseLog', read);
          seen.push(log?.newest);
          transaction.put('releaseLog', { ...read, newest: (log?.newest ?? 0) + 1 });
        }, ahead);
        expect(seen).toEqual([undefined, 1]);
        expect(await newestOf('my-app')).toBe(2);
      });

      test('binds nobody to what the transaction does not ask for', async () => {
        await increment('other');
        const ahead = await store.readAhead();
        await Promise.all([ahead.get('releaseLog', read), ahead.get('releaseLog', { application: 'other' })]);
        await increment('other');
        let attempts = 0;
        await store.transact(async (transaction) => {
          attempts += 1;
          await transaction.get('releaseLog', read);
          transaction.put('releaseLog', { ...read, newest: 5 });
        }, ahead);
        expect([attempts, await newestOf('my-app')]).toEqual([1, 5]);
      });

      test('lets a refusal stand only if what it was judged on still does', async () => {
        await increment('a');
        await increment('b');
        const ahead = await store.readAhead();
        await Promise.all(['a', 'b'].map((application) => ahead.get('releaseLog', { application })));
        await increment('a');
        const judged = store.transact(async (transaction) => {
          const a = await transaction.get('releaseLog', { application: 'a' });
          await transaction.get('releaseLog', { application: 'b' });
          if (a?.newest === 1) throw new RefusedError('older-release', 'too old');
          return a?.newest;
        }, ahead);
        expect(await judged).toBe(2);
      });

      test('reads a record once, however often it is asked for', async () => {
        await increment('my-app');
        const ahead = await store.readAhead();
        const before = await ahead.get('releaseLog', read);
        await increment('my-app');
        expect(await ahead.get('releaseLog', read)).toEqual(before);
      });
    });

    test('a transaction that asks for a record twice at once, and writes it in between, keeps what it wrote', async () => {
      await increment('my-app');
      const application = 'my-app';
      const put = async (transaction: Transaction) => {
        await transaction.get('releaseLog', { application });
        transaction.put('releaseLog', { application, newest: 7 });
      };
      await store.transact(async (transaction) => {
        await Promise.all([put(transaction), transaction.get('releaseLog', { application })]);
      });
      expect(await newestOf('my-app')).toBe(7);
    });

    describe('refusals', () => {
      test('are thrown when what they were judged on still stands, and nothing is written', async () => {
        await increment('a');
        const refused = store.transact(async (transaction) => {
          await transaction.get('releaseLog', { application: 'a' });
          await transaction.get('releaseLog', { application: 'b' });
          transaction.put('releaseLog', { application: 'a', newest: 9 });
          throw new RefusedError('older-release', 'no');
        });
        await expect(refused).rejects.toThrow(RefusedError);
        expect(await newestOf('a')).toBe(1);
      });

      test.each([
        ['refusal', () => new RefusedError('older-release', 'no')],
        ['crash', () => new Error('these two do not fit together')],
      ])('a %s is judged again when what it saw has changed meanwhile', async (_, makeError) => {
        await insert('releaseLog', { application: 'a', newest: 0 }, { application: 'b', newest: 0 });
        let attempts = 0;
        const result = await store.transact(async (transaction: Transaction) => {
          attempts += 1;
          const a = await transaction.get('releaseLog', { application: 'a' });
          if (attempts === 1) await Promise.all([increment('a'), increment('b')]);
          const b = await transaction.get('releaseLog', { application: 'b' });
          if (a?.newest !== b?.newest) throw makeError();
          return 'accepted';
        });
        expect(result).toBe('accepted');
        expect(attempts).toBe(2);
      });
    });

    if (setup.isAtomic !== false)
      describe('concurrent transactions', () => {
        test('lose no write: fifty increments count fifty', async () => {
          const results = await Promise.all(Array.from({ length: 50 }, () => increment('my-app')));
          expect(await newestOf('my-app')).toBe(50);
          expect(results.toSorted((one, other) => one - other)).toEqual(
            Array.from({ length: 50 }, (_, index) => index + 1),
          );
        });

        test('that read each other’s record and write their own do not both win on what they read', async () => {
          for (let round = 0; round < 5; round++) {
            const [mine, yours] = [`mine-${round}`, `yours-${round}`];
            await insert('releaseLog', { application: mine, newest: 1 }, { application: yours, newest: 1 });
            // Each may leave only while the other is still there.
            const leave = (own: string, other: string) =>
              store.transact(async (transaction) => {
                const present = await Promise.all(
                  [own, other].map((application) => transaction.get('releaseLog', { application })),
                );
                if (present.every((log) => log?.newest === 1))
                  transaction.put('releaseLog', { application: own, newest: 0 });
              });
            await Promise.all([leave(mine, yours), leave(yours, mine)]);
            const left = await Promise.all([newestOf(mine), newestOf(yours)]);
            expect(left.toSorted()).toEqual([0, 1]);
          }
        });
      });
  });
}

const nested = (depth: number): unknown => (depth === 0 ? 'core' : [nested(depth - 1)]);
