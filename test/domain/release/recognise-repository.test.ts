import { beforeEach, describe, expect, test } from '@jest/globals';
import { endWithBranch, followPush } from '../../../lambdas/domain/ephemeral/follow-branch.ts';
import type { ConfigPushed } from '../../../lambdas/domain/events.ts';
import { viewHead } from '../../../lambdas/domain/release/head-view.ts';
import { type RegisteredPush, registerPush } from '../../../lambdas/domain/release/register-push.ts';
import { anApplication, aPush, commitOf } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const [OURS, ANOTHER] = [42, 99];

/** The id of a repository stays the same when it is renamed; the name may come to belong to another one. */
describe('the repository of an application', () => {
  let world: World;
  let events = 0;
  beforeEach(async () => {
    world = await World.open();
  });

  const push = async (facts: Partial<ConfigPushed> = {}): Promise<RegisteredPush[]> => {
    events += 1;
    const { registered } = await registerPush(
      world,
      aPush({ eventId: `push-${events}`, before: commitOf(events), after: commitOf(events + 1), ...facts }),
    );
    return registered;
  };
  const idOf = async (name = 'my-app') => (await world.store.get('application', { name }))?.repositoryId;
  const releases = async () => (await world.store.get('releaseLog', { application: 'my-app' }))?.newest ?? 0;
  const heads = (branch = 'main') => world.store.get('branchHead', { repository: 'git.example/acme/config', branch });

  test('is the one that the first push with an id names', async () => {
    await push();
    expect(await idOf()).toBeUndefined();
    await push({ repositoryId: OURS });
    expect(await idOf()).toBe(OURS);
    expect(await releases()).toBe(2);
  });

  test('is known from a push to any branch', async () => {
    await push({ repositoryId: OURS, branch: 'feature/login' });
    expect(await idOf()).toBe(OURS);
    expect(await releases()).toBe(0);
  });

  test('of another address learns nothing', async () => {
    await push({ repositoryId: OURS, repository: 'https://git.example/acme/other.git' });
    expect(await idOf()).toBeUndefined();
  });

  test('is the same for a push without an id: its sender knows none', async () => {
    await push({ repositoryId: OURS });
    expect(await push()).toMatchObject([{ release: { number: 2 } }]);
  });

  test('with another id deploys nothing, moves no head and makes nothing known', async () => {
    await push({ repositoryId: OURS });
    const [log, head] = [await world.store.get('releaseLog', { application: 'my-app' }), await heads()];
    const foreign = { repositoryId: ANOTHER, before: commitOf(70), after: commitOf(71) };
    expect(await push(foreign)).toEqual([{ application: 'my-app', order: 'foreign' }]);
    await followPush(world, aPush({ eventId: 'followed', ...foreign }));
    expect(await world.store.get('releaseLog', { application: 'my-app' })).toEqual(log);
    expect(await heads()).toEqual(head);
    expect(await idOf()).toBe(OURS);
  });

  test('with another id that comes first, and again, stays refused', async () => {
    await push({ repositoryId: OURS });
    const foreign = aPush({ eventId: 'again', repositoryId: ANOTHER, after: commitOf(80) });
    for (let time = 0; time < 2; time++)
      expect(await registerPush(world, foreign)).toEqual({
        registered: [{ application: 'my-app', order: 'foreign' }],
        failures: [],
      });
    expect(await push({ repositoryId: OURS })).toMatchObject([{ release: { number: 2 } }]);
  });

  test('is one of two that say so at once', async () => {
    const outcomes = await Promise.all([push({ repositoryId: OURS }), push({ repositoryId: ANOTHER })]);
    const kept = await idOf();
    expect([OURS, ANOTHER]).toContain(kept);
    const refused = outcomes.flat().filter(({ order }) => order === 'foreign');
    expect(refused).toHaveLength(1);
    expect(await releases()).toBe(1);
  });

  test('is each application’s own: one may know another than its neighbour', async () => {
    await push({ repositoryId: OURS });
    await world.write('application', anApplication({ name: 'newer', pipeline: ['dev1'] }));
    const registered = await push({ repositoryId: ANOTHER, forced: true });
    expect(registered).toMatchObject([
      { application: 'my-app', order: 'foreign' },
      { application: 'newer', release: { number: 1 } },
    ]);
    expect(await idOf('newer')).toBe(ANOTHER);
  });

  test('is asked for the head of a branch, though a neighbour has confirmed the one that has its name now', async () => {
    await world.write('application', anApplication({ name: 'confirmed', pipeline: ['dev1'], repositoryId: ANOTHER }));
    const branch = 'feature/x';
    const ours = aPush({ eventId: 'ours', branch, after: commitOf(60), repositoryId: OURS });
    await registerPush(world, ours);
    await followPush(world, ours);
    await world.runningEphemeral('pr-1', { ref: branch, follow: true });
    const theirs = { branch, before: commitOf(60), after: commitOf(61), repositoryId: ANOTHER };
    await followPush(world, aPush({ eventId: 'theirs', ...theirs }));
    await world.sweep();
    expect(await world.ephemeralNow('pr-1')).toMatchObject({ commit: commitOf(60) });
    const application = async (name: string) => {
      const found = await world.store.get('application', { name });
      if (!found) throw new Error(name);
      return { ...found, configRepository: { ...found.configRepository, branch } };
    };
    expect((await viewHead(world.store, await application('confirmed')))?.commit).toBe(commitOf(61));
    expect((await viewHead(world.store, await application('my-app')))?.commit).not.toBe(commitOf(61));
  });

  test('is the one whose branch is gone, if a neighbour knows another one by the same name', async () => {
    await world.write('application', anApplication({ name: 'confirmed', pipeline: ['dev1'], repositoryId: ANOTHER }));
    await push({ repositoryId: OURS });
    const theirs = { eventId: 'theirs', branch: 'feature/x', after: commitOf(61), repositoryId: ANOTHER };
    await followPush(world, aPush(theirs));
    const gone = { eventId: 'gone', repository: 'https://git.example/acme/config.git', branch: 'feature/x' };
    await endWithBranch(world, { ...gone, repositoryId: OURS }, 'branch-deleted');
    expect((await heads('feature/x'))?.head).toBe(commitOf(61));
  });

  test.each(['branch-deleted', 'pull-request-closed'] as const)(
    'with another id ends no ephemeral environment (%s)',
    async (cause) => {
      await push({ repositoryId: OURS });
      await followPush(
        world,
        aPush({ eventId: 'feature', branch: 'feature/x', after: commitOf(60), repositoryId: OURS }),
      );
      const gone = { eventId: 'gone', repository: 'https://git.example/acme/config.git', branch: 'feature/x' };
      await endWithBranch(world, { ...gone, repositoryId: ANOTHER }, cause);
      expect((await heads('feature/x'))?.head).toBe(commitOf(60));
      expect(await world.store.get('pushMark', { application: 'my-app', mark: 'gone#gone' })).toBeUndefined();
      await endWithBranch(world, { ...gone, repositoryId: OURS }, cause);
      expect(await world.store.get('pushMark', { application: 'my-app', mark: 'gone#gone' })).toBeDefined();
    },
  );
});
