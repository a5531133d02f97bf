import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { noteHead } from '../../../lambdas/domain/ephemeral/find-head.ts';
import type { ConfigPushed } from '../../../lambdas/domain/events.ts';
import type { PushOrder } from '../../../lambdas/domain/model/push-order.ts';
import { repositoryName } from '../../../lambdas/domain/model/repository.ts';
import { registerPush } from '../../../lambdas/domain/release/register-push.ts';
import { anApplication, aPush, aRelease, commitOf } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const MINUTE = 60;
const YEAR = 365 * 24 * 3600;
/** In seconds: up to this difference between two times, the commits count for more. */
const TOLERANCE = 10 * MINUTE;
const BRANCH = { repository: repositoryName(aPush().repository), branch: 'main' };

/** One branch as both readers of pushes know it: the releases of an application, and the heads of branches. */
class Branch {
  readonly world = new World();
  #deliveries = 0;

  static async open(): Promise<Branch> {
    const branch = new Branch();
    await branch.world.write('application', anApplication());
    return branch;
  }

  /** The time that a sender states whose clock is ahead of ours by this many seconds; negative if it is behind. */
  clock(secondsAhead: number): string {
    return new Date(Date.parse(this.world.surroundings.now()) + secondsAhead * 1000).toISOString();
  }

  async tell(push: Partial<ConfigPushed>): Promise<PushOrder | 'foreign' | undefined> {
    this.#deliveries += 1;
    const told = aPush({ eventId: `delivery-${this.#deliveries}`, ...push });
    const { registered } = await registerPush(this.world, told);
    await noteHead(this.world, told);
    return registered[0]?.order;
  }

  async heads(): Promise<(string | undefined)[]> {
    const [log, head] = await Promise.all([
      this.world.store.get('releaseLog', { application: 'my-app' }),
      this.world.store.get('branchHead', BRANCH),
    ]);
    return [log?.head, head?.head];
  }

  async times(): Promise<(string | undefined)[]> {
    const [log, head] = await Promise.all([
      this.world.store.get('releaseLog', { application: 'my-app' }),
      this.world.store.get('branchHead', BRANCH),
    ]);
    return [log?.headPushedAt, head?.headPushedAt];
  }

  /** Stores heads as earlier versions did, with the time that the sender stated. */
  async storeHeads(head: string, headPushedAt: string): Promise<void> {
    await this.world.write('releaseLog', { application: 'my-app', newest: 1, head, headPushedAt, isCovered: true });
    await this.world.write('branchHead', { ...BRANCH, head, headPushedAt, past: [] });
  }
}

describe('rule 5: the clock of a sender stops no release', () => {
  test.each([
    ['an hour', 60 * MINUTE],
    ['a century', 100 * YEAR],
  ])('a push from %s ahead counts from when it was taken in', async (_, ahead) => {
    const branch = await Branch.open();
    expect(await branch.tell({ before: commitOf(1), after: commitOf(2), pushedAt: branch.clock(ahead) })).toBe('first');
    expect(await branch.times()).toEqual([branch.clock(0), branch.clock(0)]);
    branch.world.surroundings.advance(TOLERANCE + 1);
    // Nothing tells how the branch came to where this push begins.
    expect(await branch.tell({ before: commitOf(7), after: commitOf(8), pushedAt: branch.clock(0) })).toBe('missed');
    expect(await branch.heads()).toEqual([commitOf(8), commitOf(8)]);
  });

  describe('a head that an earlier version stored with a time in the future', () => {
    test('is followed at once by the push that begins there', async () => {
      const branch = await Branch.open();
      await branch.storeHeads(commitOf(2), branch.clock(YEAR));
      expect(await branch.tell({ before: commitOf(2), after: commitOf(3), pushedAt: branch.clock(0) })).toBe('next');
      expect(await branch.heads()).toEqual([commitOf(3), commitOf(3)]);
      expect(await branch.times()).toEqual([branch.clock(0), branch.clock(0)]);
    });

    test('counts from its release, where it is the newest one', async () => {
      const branch = await Branch.open();
      await branch.storeHeads(commitOf(2), branch.clock(YEAR));
      await branch.world.write('release', aRelease({ number: 1, commit: commitOf(2), createdAt: branch.clock(0) }));
      branch.world.surroundings.advance(60 * MINUTE);
      expect(await branch.tell({ before: commitOf(7), after: commitOf(8), pushedAt: branch.clock(0) })).toBe('missed');
    });

    test('counts from the first push after it otherwise, which heals it', async () => {
      const branch = await Branch.open();
      await branch.storeHeads(commitOf(2), branch.clock(YEAR));
      const pushedAt = branch.clock(-1);
      expect(await branch.tell({ before: commitOf(7), after: commitOf(8), pushedAt })).toBe('late');
      expect(await branch.times()).toEqual([branch.clock(0), branch.clock(0)]);
      branch.world.surroundings.advance(TOLERANCE + 1);
      expect(await branch.tell({ before: commitOf(8), after: commitOf(9), pushedAt: branch.clock(0) })).toBe('missed');
      expect(await branch.heads()).toEqual([commitOf(9), commitOf(9)]);
    });
  });

  test('whatever clocks say, a push is news when the last one was taken in more than the tolerance before', async () => {
    const commits = fc
      .record({ before: fc.integer({ min: 1, max: 5 }), after: fc.integer({ min: 1, max: 5 }) })
      .filter(({ before, after }) => before !== after);
    const clocks = fc.option(
      fc.oneof(fc.constantFrom(0, 60 * MINUTE, -60 * MINUTE), fc.integer({ min: -20 * YEAR, max: 20 * YEAR })),
      { nil: undefined },
    );
    const tellings = fc.record({ commits, clock: clocks, wait: fc.integer({ min: 0, max: 120 * MINUTE }) });
    const stored = fc.option(fc.integer({ min: -YEAR, max: 20 * YEAR }), { nil: undefined });
    const histories = fc.array(tellings, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(stored, histories, async (headAhead, history) => {
        const branch = await Branch.open();
        if (headAhead !== undefined) await branch.storeHeads(commitOf(2), branch.clock(headAhead));
        for (const { commits, clock, wait } of history) {
          branch.world.surroundings.advance(wait);
          const pushedAt = clock === undefined ? undefined : branch.clock(clock);
          await branch.tell({ before: commitOf(commits.before), after: commitOf(commits.after), pushedAt });
        }
        branch.world.surroundings.advance(TOLERANCE + 1);
        const order = await branch.tell({ before: commitOf(98), after: commitOf(99), pushedAt: branch.clock(0) });
        expect(['first', 'missed']).toContain(order);
        expect(await branch.heads()).toEqual([commitOf(99), commitOf(99)]);
      }),
      { seed: 20261130, numRuns: 200 },
    );
  });
});
