import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { ConfigPushed } from '../../../lambdas/domain/events.ts';
import { isNews, type PushOrder } from '../../../lambdas/domain/model/push-order.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { type RegisteredPush, registerPush } from '../../../lambdas/domain/release/register-push.ts';
import { registerRelease } from '../../../lambdas/domain/release/register-release.ts';
import { anApplication, aPush, commitOf } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const START = Date.parse('2026-11-23T10:00:00.000Z');
const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();

/** The branch of an application without environments, beside one of another branch: pushes become releases, and nothing else happens. */
class Branch {
  readonly #world = new World();
  #deliveries = 0;

  static async open(): Promise<Branch> {
    const branch = new Branch();
    // Every push of a history was made before it is reported.
    branch.#world.surroundings.advance(30 * 24 * 3600);
    const elsewhere = { ...anApplication().configRepository, branch: 'elsewhere' };
    await branch.#world.write('application', anApplication());
    await branch.#world.write('application', anApplication({ name: 'other', configRepository: elsewhere }));
    return branch;
  }

  async tell(push: Partial<ConfigPushed>): Promise<RegisteredPush> {
    this.#deliveries += 1;
    const {
      registered: [registered],
    } = await registerPush(this.#world, {
      ...aPush({ eventId: `delivery-${this.#deliveries}`, forced: true, ...push }),
      before: push.before,
    });
    if (!registered) throw new Error('the push is about another repository');
    return registered;
  }

  async ask(commit: string): Promise<void> {
    const facts = { application: 'my-app', commit, message: '', author: '' };
    await registerRelease(this.#world, facts, { principal: 'tooling' });
  }

  /** Returns the commits of the releases, oldest release first. */
  async releases(): Promise<string[]> {
    const { items } = await this.#world.store.list(LISTINGS.releases('my-app'), { limit: 1000 });
    return items.reverse().map(({ commit }) => commit);
  }
}

/**
 * Reads a push: `b>c` is a push from commit b to commit c, `>c` one that made the branch at c, and `b>c@20` one that
 * says that it was made in the 20th minute. `!c` is a request for a release of commit c.
 */
function pushOf(text: string): Partial<ConfigPushed> & { after: string } {
  const [, before, after = '', minute] = /^(\w?)>(\w)(?:@([\d.]+))?$/.exec(text) ?? [];
  const commit = (letter: string) => commitOf(letter.charCodeAt(0));
  return {
    before: before ? commit(before) : undefined,
    after: commit(after),
    ...(minute !== undefined && { pushedAt: at(Number(minute)) }),
  };
}

describe('a push', () => {
  test.each<[situation: string, told: string, push: string, order: PushOrder]>([
    ['of a branch nobody told of', '', 'a>b', 'first'],
    ['that makes the branch', '', '>b', 'first'],
    ['that begins where the last one ended', 'a>b', 'b>c', 'next'],
    ['that goes back to an older commit', 'a>b b>c', 'c>b', 'next'],
    ['that goes the same way again after going back', 'a>b b>a', 'a>b', 'next'],
    ['that goes the same way again after going back, later', 'a>b@1 b>a@2', 'a>b@3', 'next'],
    ['that goes back to where the branch was first seen', 'a>b b>c', 'c>a', 'next'],
    ['that begins at the head, whatever the clock says within its doubt', 'a>b@9', 'b>c@1', 'next'],

    ['told by another sender', 'a>b', 'a>b', 'repeated'],
    ['told by another sender when the branch has moved on', 'a>b b>c', 'a>b', 'repeated'],
    ['told by another sender after the branch came back', 'a>b@1 b>a@2', 'a>b@1', 'repeated'],
    ['told by another sender after the branch came back, long ago', 'a>b@1 b>a@30', 'a>b@1', 'repeated'],
    ['told by another sender that had come late before', 'a>b c>d b>c', 'b>c', 'repeated'],

    ['after one that was not told', 'a>b', 'c>d', 'missed'],
    ['after one that was not told, later', 'a>b@1', 'c>d@2', 'missed'],
    ['in the same second as one that was not told', 'a>b@1', 'c>d@1', 'missed'],
    ['back to an older commit after one that was not told, later', 'a>b@1 b>c@2', 'd>b@3', 'missed'],
    ['from an older commit the branch must have come back to', 'a>b b>c c>d', 'b>e', 'missed'],
    ['of a branch made again elsewhere', 'a>b b>c', '>d', 'missed'],
    ['of a branch made again at an older commit, later', 'a>b@1 b>c@2', '>b@3', 'missed'],
    ['that would fill a gap but is much newer', 'a>b@1 c>d@2', 'b>e@20', 'missed'],
    ['after a rewritten history that was not told', 'a>b b>c', 'x>y', 'missed'],

    ['overtaken by the next one', 'a>b c>d', 'b>c', 'late'],
    ['overtaken by the next one, whatever the clock says within its doubt', 'a>b@1 c>d@2', 'b>c@9', 'late'],
    ['overtaken by the second next: it ends where that one began', 'a>b d>e', 'c>d', 'late'],
    ['overtaken by the second next, whatever the clock says within its doubt', 'a>b@1 d>e@2', 'c>d@9', 'late'],
    ['overtaken by the second next: it begins where the branch was', 'a>b d>e', 'b>c', 'late'],
    ['older than the first one told', 'b>c', 'a>b', 'late'],
    ['older by the clock, far from all that was told', 'a>b@1 f>g@9', 'c>d@4', 'late'],
    ['much older by the clock, although it begins at the head', 'a>b@1 b>a@30', 'a>c@3', 'late'],
    ['that made the branch, overtaken by the next one', 'a>b', '>a', 'late'],
    ['back to an older commit after one that was not told, without a time', 'a>b b>c', 'd>b', 'late'],
    ['back to an older commit, overtaken by the next one', 'a>b@1 b>c@2 b>d@4', 'c>b@3', 'late'],
    ['of a branch made again at an older commit, without a time', 'a>b b>c', '>b', 'late'],

    ['that leads to where the branch is', 'a>b', 'c>b', 'there'],
    ['that makes the branch again where it is', 'a>b', '>b', 'there'],

    ['after a release somebody asked for', 'a>b !x', 'b>c', 'next'],
    ['after releases somebody asked for before any push', '!x !y', 'a>b', 'first'],
    ['to a commit somebody has asked a release of', 'a>b !c', 'b>c', 'next'],
  ])('%s: after "%s", %s is %s', async (_, told, push, order) => {
    const branch = await Branch.open();
    for (const each of told.split(' ').filter(Boolean))
      await (each.startsWith('!') ? branch.ask(commitOf(each.charCodeAt(1))) : branch.tell(pushOf(each)));
    const before = await branch.releases();
    expect((await branch.tell(pushOf(push))).order).toBe(order);
    const news = isNews(order) ? [pushOf(push).after] : [];
    expect(await branch.releases()).toEqual([...before, ...news]);
  });

  test.each([
    ['is news only of an application it concerns', 'a>b', 'b>c', 0],
    ['after one that was not told is news of every application', 'a>b', 'c>d', 1],
  ])('that changes another application %s', async (_, told, push, releases) => {
    const branch = await Branch.open();
    await branch.tell(pushOf(told));
    const elsewhere = { forced: false, changedPaths: ['apps/other/dev1/main.tf'] };
    await branch.tell({ ...pushOf(push), ...elsewhere });
    expect(await branch.releases()).toHaveLength(1 + releases);
    expect((await branch.tell(pushOf(`${push.at(-1)}>z`))).order).toBe('next');
  });

  test.each([
    ['', 'a>b', 'late'],
    ['!x', 'a>b', 'late'],
    ['', 'a>d', 'there'],
  ])(
    'overtaken by the first one told, which concerns others, is released with the head: after "%s", %s is %s',
    async (asked, push, order) => {
      const branch = await Branch.open();
      if (asked) await branch.ask(commitOf('x'.charCodeAt(0)));
      const before = await branch.releases();
      const elsewhere = { forced: false, changedPaths: ['apps/other/dev1/main.tf'] };
      await branch.tell({ ...pushOf('b>c'), ...elsewhere });
      await branch.tell({ ...pushOf('c>d'), ...elsewhere });
      const mine = { forced: false, changedPaths: ['apps/my-app/dev1/main.tf'] };
      expect(await branch.tell({ ...pushOf(push), ...mine })).toMatchObject({ order, release: { source: 'push' } });
      expect(await branch.releases()).toEqual([...before, pushOf('c>d').after]);
      // One release is enough, because it contains every older commit.
      await branch.tell({ ...pushOf('z>a'), ...mine });
      expect(await branch.releases()).toHaveLength(before.length + 1);
    },
  );

  test('that says git’s forty zeros where the branch was made is one without a beginning', async () => {
    const branch = await Branch.open();
    await branch.tell({ before: commitOf(0), after: commitOf(1) });
    await branch.tell({ before: commitOf(1), after: commitOf(2) });
    expect((await branch.tell({ after: commitOf(1) })).order).toBe('repeated');
  });

  test('that was never told does not keep those after it from being told', async () => {
    // The push back from d to b was lost. No push has a time.
    const branch = await Branch.open();
    const orders: string[] = [];
    for (const push of ['a>b', 'b>c', 'c>d', 'b>e', 'e>f', 'f>g']) orders.push((await branch.tell(pushOf(push))).order);
    expect(orders).toEqual(['first', 'next', 'next', 'missed', 'next', 'next']);
  });
});

/** One report of a push in a history: which push, and by whom. */
interface Telling {
  readonly index: number;
  readonly sender: number;
}

const RUNS = { seed: 20261129, numRuns: 150 };

/** Returns a push of a history that never goes back: push i leads from commit i-1 to commit i. */
const linear = (index: number) => ({ before: commitOf(index), after: commitOf(index + 1) });

describe('a history that never comes back, told in any order and any number of times', () => {
  const histories = fc.integer({ min: 1, max: 9 }).chain((length) =>
    fc.record({
      length: fc.constant(length),
      isConcerned: fc.array(fc.boolean(), { minLength: length, maxLength: length }),
      secondsBetween: fc.integer({ min: 1, max: 3600 }),
      tellings: fc
        .array(fc.record({ index: fc.nat(length - 1), sender: fc.nat(1) }), { maxLength: 2 * length })
        .chain((more) =>
          fc.shuffledSubarray<Telling>([...Array.from({ length }, (_, index) => ({ index, sender: 0 })), ...more], {
            minLength: length + more.length,
          }),
        ),
    }),
  );

  test('makes releases in the order of the pushes, one at most of each, where the pushes say when they were made', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ isConcerned, secondsBetween, tellings }) => {
        const branch = await Branch.open();
        const told = new Set<number>();
        for (const { index, sender } of tellings) {
          told.add(index);
          await branch.tell({
            ...linear(index),
            eventId: `${sender}-${index}`,
            pushedAt: new Date(START + index * secondsBetween * 1000).toISOString(),
            forced: false,
            changedPaths: [isConcerned[index] ? 'apps/my-app/dev1/main.tf' : 'apps/other/dev1/main.tf'],
          });
          const released = (await branch.releases()).map((commit) => Number.parseInt(commit, 16) - 1);
          // Releases have the order of their pushes: no commit occurs twice, and none after a newer one.
          expect(released).toEqual([...new Set(released)].sort((a, b) => a - b));
          // As soon as a push is reported that concerns the application, the newest release contains it.
          const newestConcerned = Math.max(-1, ...[...told].filter((each) => isConcerned[each]));
          expect(released.at(-1) ?? -1).toBeGreaterThanOrEqual(newestConcerned);
        }
      }),
      RUNS,
    );
  });

  test('makes the newest commit told the newest release at every moment, where every push concerns the application', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ secondsBetween, tellings }) => {
        const branch = await Branch.open();
        let newest = 0;
        for (const { index, sender } of tellings) {
          newest = Math.max(newest, index);
          const pushedAt = new Date(START + index * secondsBetween * 1000).toISOString();
          await branch.tell({ ...linear(index), eventId: `${sender}-${index}`, pushedAt });
          expect((await branch.releases()).at(-1)).toBe(linear(newest).after);
        }
      }),
      RUNS,
    );
  });

  /** Orders in which at most two pushes in a row are missing when a newer one has been reported. */
  const nearlyInOrder = fc.infiniteStream(fc.nat()).map((choices) => {
    const order = [0];
    const length = 10;
    const isBearable = (index: number): boolean => {
      const told = new Set([...order, index]);
      const newest = Math.max(...told);
      const missing = Array.from({ length: newest }, (_, each) => (told.has(each) ? ' ' : 'x')).join('');
      return !missing.includes('xxx');
    };
    while (order.length < length) {
      const next = Array.from({ length }, (_, each) => each).filter(
        (each) => !order.includes(each) && isBearable(each),
      );
      const { value } = choices.next();
      order.push(next[value % next.length] ?? 0);
    }
    return order;
  });

  test.each([
    ['nobody says when', () => undefined],
    ['all were made in one second', () => at(0)],
  ])('does so too where %s, unless three in a row are overtaken', async (_, pushedAt) => {
    await fc.assert(
      fc.asyncProperty(nearlyInOrder, fc.array(fc.nat(9), { maxLength: 5 }), async (order, again) => {
        const branch = await Branch.open();
        const told: number[] = [];
        for (const index of [...order, ...again]) {
          told.push(index);
          await branch.tell({ ...linear(index), pushedAt: pushedAt() });
          expect((await branch.releases()).at(-1)).toBe(linear(Math.max(...told)).after);
        }
        const released = await branch.releases();
        expect(released).toEqual([...new Set(released)].sort());
      }),
      RUNS,
    );
  });
});

test('a history that comes back, but never the same way, ends with its newest commit as newest release, where pushes say when', async () => {
  const walks = fc
    .array(fc.nat(4), { minLength: 2, maxLength: 10 })
    .map((letters) => letters.filter((letter, index) => letter !== letters[index - 1]))
    .filter(({ length }) => length >= 2)
    .map((letters) => letters.slice(1).map((letter, index) => ({ from: letters[index] ?? 0, to: letter, index })))
    .map((walk) =>
      walk.filter(({ from, to }, index) => index === walk.findIndex((push) => push.from === from && push.to === to)),
    );
  await fc.assert(
    fc.asyncProperty(
      walks.chain((walk) => fc.shuffledSubarray(walk, { minLength: 1 })),
      async (told) => {
        const branch = await Branch.open();
        let newest = told[0];
        for (const push of told) {
          if (!newest || push.index > newest.index) newest = push;
          await branch.tell({
            before: commitOf(push.from + 1),
            after: commitOf(push.to + 1),
            pushedAt: at(push.index * 15),
          });
        }
        expect((await branch.releases()).at(-1)).toBe(commitOf((newest?.to ?? 0) + 1));
      },
    ),
    RUNS,
  );
});
