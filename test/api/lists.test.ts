import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { filteredPage, placeOf } from '../../lambdas/api/filtered-page.ts';
import { InvalidInputError } from '../../lambdas/domain/errors.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { aRelease } from '../harness/builders.ts';
import { PipelineWorld } from './pipeline-world.ts';

const DEV1 = '/applications/my-app/environments/dev1/deployments';
const HOUR = 3600;

/** Follows the cursors of a list to its end, and returns its pages. */
async function pagesOf(world: PipelineWorld, path: string, query: Record<string, string>): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  let cursor: string | undefined;
  do {
    const { status, body } = await world.get(path, { ...query, ...(cursor !== undefined && { cursor }) });
    expect(status).toBe(200);
    pages.push(body.items);
    cursor = body.nextCursor;
  } while (cursor !== undefined);
  return pages;
}

/** Six releases, an hour apart: the odd ones succeed in dev1, the even ones fail there. */
async function withReleases(): Promise<PipelineWorld> {
  const world = await PipelineWorld.create();
  for (const number of [1, 2, 3, 4, 5, 6]) {
    const id = await world.release(number);
    await world.plan(id, { hasChanges: false });
    await world.end(id, number % 2 === 1 ? 'succeeded' : 'failed');
    world.surroundings.advance(HOUR);
  }
  return world;
}

describe('filters of lists', () => {
  test('deployments by status, release and time, with full pages', async () => {
    const world = await withReleases();
    const releases = async (query: Record<string, string>) =>
      (await pagesOf(world, DEV1, query)).map((page) => page.map((item) => (item as { release: number }).release));
    expect(await releases({ status: 'failed', limit: '2' })).toEqual([[6, 4], [2]]);
    expect(await releases({ status: 'succeeded', limit: '3' })).toEqual([[5, 3, 1]]);
    expect(await releases({ release: '3' })).toEqual([[3]]);
    expect(await releases({ release: '99' })).toEqual([[]]);
    const { createdAt } = (await world.get(DEV1, { release: '3' })).body.items[0];
    expect(await releases({ from: createdAt, limit: '2' })).toEqual([
      [6, 5],
      [4, 3],
    ]);
    expect(await releases({ to: createdAt })).toEqual([[2, 1]]);
    expect(await releases({ from: createdAt, status: 'failed' })).toEqual([[6, 4]]);
  });

  test('releases by time, in any offset', async () => {
    const world = await withReleases();
    const { createdAt } = (await world.get('/applications/my-app/releases/4')).body;
    const from = `${new Date(Date.parse(createdAt) + 2 * HOUR * 1000).toISOString().slice(0, 19)}+02:00`;
    const { body } = await world.get('/applications/my-app/releases', { from });
    expect(body.items.map(({ number }: { number: number }) => number)).toEqual([6, 5, 4]);
  });

  test('environments by stage and status, without gaps for ephemeral ones', async () => {
    const world = await withReleases();
    const path = '/applications/my-app/environments';
    const names = async (query: Record<string, string>) =>
      (await pagesOf(world, path, query)).map((page) => page.map((item) => (item as { name: string }).name));
    expect(await names({ stage: 'production' })).toEqual([['prod1']]);
    expect(await names({ status: 'empty' })).toEqual([['prod1', 'stage1']]);
    expect(await names({ status: 'failed' })).toEqual([['dev1']]);
    expect(await names({ status: 'empty', stage: 'staging' })).toEqual([['stage1']]);
    expect(await names({ limit: '2' })).toEqual([['dev1', 'prod1'], ['stage1']]);
  });

  test('the audit by type, environment and time, in both orders', async () => {
    const world = await withReleases();
    const path = '/applications/my-app/audit';
    const sequences = async (query: Record<string, string>) =>
      (await pagesOf(world, path, query)).flatMap((page) =>
        page.map((item) => (item as { sequence: number }).sequence),
      );
    const configured = await sequences({ type: 'environment-configured' });
    expect(configured).toHaveLength(3);
    expect(await sequences({ type: 'environment-configured', order: 'newest', limit: '1' })).toEqual(
      [...configured].reverse(),
    );
    expect(await sequences({ environment: 'prod1' })).toHaveLength(1);
    expect(await sequences({ to: '2000-01-01T00:00:00Z' })).toEqual([]);
  });

  test('ephemeral environments by status', async () => {
    const world = await PipelineWorld.create();
    for (const path of ['/ephemeral-environments', '/applications/my-app/ephemeral-environments'])
      expect((await world.get(path, { status: 'stuck' })).body).toMatchObject({ items: [] });
  });

  test.each([
    [DEV1, { status: 'broken' }, 'status'],
    [DEV1, { release: 'x' }, 'release'],
    [DEV1, { release: '0' }, 'release'],
    [DEV1, { from: 'yesterday' }, 'from'],
    [DEV1, { from: '2026-12-02T00:00:00Z', to: '2026-12-01T00:00:00Z' }, 'to'],
    [DEV1, { stage: 'staging' }, 'stage'],
    ['/applications/my-app/environments', { stage: 'test' }, 'stage'],
    ['/applications/my-app/releases', { to: '2026-12-01' }, 'to'],
    ['/applications/my-app/audit', { type: 'eaten' }, 'type'],
    ['/ephemeral-environments', { status: 'gone' }, 'status'],
  ])('%s refuses %j, naming the field', async (path, query, field) => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.get(path, query);
    expect(status).toBe(400);
    expect(body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  });
});

describe('a cursor', () => {
  test('counts only for the list and the filters that made it', async () => {
    const world = await withReleases();
    const cursorOf = async (path: string, query: Record<string, string>) =>
      (await world.get(path, { limit: '1', ...query })).body.nextCursor as string;
    const audit = '/applications/my-app/audit';
    const made: (readonly [string, Record<string, string>])[] = [
      [DEV1, {}],
      [DEV1, { status: 'failed' }],
      [DEV1, { status: 'succeeded' }],
      [DEV1, { from: '2020-01-01T00:00:00Z' }],
      ['/applications/my-app/releases', {}],
      ['/applications/my-app/environments', {}],
      [audit, {}],
      [audit, { order: 'newest' }],
    ];
    for (const [path, query] of made) {
      const cursor = await cursorOf(path, query);
      expect(cursor).toEqual(expect.any(String));
      for (const [otherPath, other] of made) {
        const { status, body } = await world.get(otherPath, { ...other, cursor });
        const isOwn = otherPath === path && JSON.stringify(other) === JSON.stringify(query);
        expect({ otherPath, other, status }).toEqual({ otherPath, other, status: isOwn ? 200 : 400 });
        if (!isOwn) expect(body.errors).toMatchObject([{ field: 'cursor' }]);
      }
      // Another size of the page is no other list.
      expect((await world.get(path, { ...query, cursor, limit: '7' })).status).toBe(200);
    }
  });

  test.each(['x', 'a.b', 'a.b.c', '.', 'bXktYXBwL3By', '%00'])('"%s" is none of any list', async (cursor) => {
    const world = await PipelineWorld.create();
    for (const path of [DEV1, '/applications/my-app/environments', '/ephemeral-environments']) {
      const { status, body } = await world.get(path, { cursor });
      expect({ path, status, errors: body.errors }).toMatchObject({ path, status: 400, errors: [{ field: 'cursor' }] });
    }
  });

  test('is told apart by its parameters, whatever their order', () => {
    expect(() => placeOf('place', { a: 1 })).toThrow(InvalidInputError);
    expect(placeOf('place', { a: undefined })).toBe('place');
  });
});

describe('a list that changes between its pages', () => {
  type Step = { readonly insert: number } | { readonly remove: number } | 'page';

  const release = fc.integer({ min: 1, max: 60 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 2, arbitrary: fc.constant<Step>('page') },
    { weight: 1, arbitrary: release.map((insert) => ({ insert })) },
    { weight: 1, arbitrary: release.map((remove) => ({ remove })) },
  );

  test('never misses or repeats what was there all the time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(release, { maxLength: 40 }),
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        async (begin, steps, limit, divisor) => {
          const store = new InMemoryStore();
          const present = new Set<number>();
          const change = (number: number, isThere: boolean) =>
            store.transact(async (transaction) => {
              await transaction.get('release', { application: 'my-app', number });
              if (isThere) transaction.put('release', aRelease({ number }));
              else transaction.delete('release', { application: 'my-app', number });
            });
          for (const number of begin) {
            await change(number, true);
            present.add(number);
          }
          const matches = ({ number }: { number: number }) => number % divisor === 0;
          const always = new Set([...present].filter((number) => matches({ number })));
          const seen: number[] = [];
          let cursor: string | undefined;
          let isOver = false;
          const turnPage = async (): Promise<void> => {
            const request = { limit, ...(cursor !== undefined && { cursor }) };
            const page = await filteredPage(store, LISTINGS.releases('my-app'), request, { divisor }, matches);
            expect(page.items.length).toBeLessThanOrEqual(limit);
            // So few records fit into the reads of one page: it is full unless it is the last.
            if (page.nextCursor !== undefined) expect(page.items).toHaveLength(limit);
            seen.push(...page.items.map(({ number }) => number));
            cursor = page.nextCursor;
            isOver = cursor === undefined;
          };
          for (const each of steps) {
            if (isOver) break;
            if (each === 'page') await turnPage();
            else if ('insert' in each) await change(each.insert, true);
            else {
              await change(each.remove, false);
              always.delete(each.remove);
            }
          }
          while (!isOver) await turnPage();
          expect(seen).toEqual(expect.arrayContaining([...always]));
          expect(new Set(seen).size).toBe(seen.length);
          expect(seen).toEqual([...seen].sort((one, other) => other - one));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('tells once of each record that cannot be read, on the page where it would have been', async () => {
    const store = new InMemoryStore();
    await store.transact(async (transaction) => {
      for (let number = 1; number <= 8; number++) transaction.insert('release', aRelease({ number }));
    });
    for (const number of [2, 5, 8]) store.corrupt('release', { application: 'my-app', number }, 'spoiled');
    const told: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await filteredPage(store, LISTINGS.releases('my-app'), { limit: 2, cursor }, {}, () => true);
      told.push([...page.items.map(({ number }) => String(number)), ...page.unreadable.map(({ sk }) => sk)]);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(told).toEqual([
      ['7', '6', 'RELEASE#0000008'],
      ['4', '3', 'RELEASE#0000005'],
      ['1', 'RELEASE#0000002'],
    ]);
  });

  test('gives a short page with a cursor when its filter lets too little through', async () => {
    const store = new InMemoryStore();
    for (let first = 1; first <= 1200; first += 50)
      await store.transact(async (transaction) => {
        for (let number = first; number < first + 50; number++) transaction.insert('release', aRelease({ number }));
      });
    const list = (cursor?: string) =>
      filteredPage(store, LISTINGS.releases('my-app'), { limit: 5, cursor }, { only: 1 }, ({ number }) => number === 1);
    const first = await list();
    expect(first).toMatchObject({ items: [], nextCursor: expect.any(String) });
    expect(await list(first.nextCursor)).toEqual({ items: [expect.objectContaining({ number: 1 })], unreadable: [] });
  });
});
