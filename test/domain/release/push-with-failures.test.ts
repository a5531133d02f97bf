import { beforeEach, describe, expect, test } from '@jest/globals';
import { endWithBranch, followPush } from '../../../lambdas/domain/ephemeral/follow-branch.ts';
import { registerPush } from '../../../lambdas/domain/release/register-push.ts';
import { registerRelease } from '../../../lambdas/domain/release/register-release.ts';
import { InMemoryStore } from '../../fakes/in-memory-store.ts';
import { anApplication, anEnvironment, aPush, commitOf } from '../../harness/builders.ts';
import { TOOLING, World } from '../../harness/world.ts';

const REPOSITORY = 'https://git.example/acme/config.git';
const UNREADABLE = { name: 'UnreadableRecordError' };

describe('of several applications in one repository, one with a record that cannot be read', () => {
  let store: InMemoryStore;
  let world: World;
  beforeEach(async () => {
    store = new InMemoryStore();
    world = new World(store);
    await world.furnish();
    await world.write('application', anApplication({ name: 'shop', pipeline: ['dev1'] }));
    await world.write('environment', anEnvironment({ application: 'shop' }));
  });
  const everywhere = (facts = {}) => aPush({ changedPaths: ['modules/web/main.tf'], ...facts });
  const releases = async (application: string) => (await store.get('releaseLog', { application }))?.newest ?? 0;
  const openIn = async (name: string) => {
    const environment = await store.get('environment', { application: 'my-app', name });
    return environment?.type === 'ephemeral' && environment.life.phase === 'open';
  };

  test('leaves the others their release, and gets its own when the push is told again', async () => {
    await registerPush(world, everywhere());
    const log = store.peek('releaseLog', { application: 'my-app' });
    store.corrupt('releaseLog', { application: 'my-app' }, 'spoiled');
    const push = everywhere({ eventId: 'delivery-2', before: commitOf(1), after: commitOf(2) });
    const { registered, failures } = await registerPush(world, push);
    expect(registered).toMatchObject([{ application: 'shop', release: { number: 2 } }]);
    expect(failures).toMatchObject([UNREADABLE]);
    store.corrupt('releaseLog', { application: 'my-app' }, log);
    expect(await registerPush(world, push)).toMatchObject({ failures: [] });
    expect([await releases('my-app'), await releases('shop')]).toEqual([2, 2]);
  });

  test('leaves the ephemeral environments of the branch theirs', async () => {
    const push = (number: number) => {
      const [before, after] = [commitOf(number - 1), commitOf(number)];
      return aPush({ eventId: `branch-${number}`, branch: 'feature/x', before, after });
    };
    await followPush(world, push(1));
    for (const name of ['pr-1', 'pr-2']) await world.runningEphemeral(name, { ref: 'feature/x', follow: true });
    const first = store.peek('environment', { application: 'my-app', name: 'pr-1' });
    store.corrupt('environment', { application: 'my-app', name: 'pr-1' }, 'spoiled');
    await expect(followPush(world, push(2))).rejects.toMatchObject(UNREADABLE);
    expect(await world.ephemeralNow('pr-2')).toMatchObject({ commit: commitOf(2) });
    const head = { repository: 'git.example/acme/config', branch: 'feature/x' };
    expect(await store.get('branchHead', head)).toMatchObject({ head: commitOf(2) });

    const gone = { eventId: 'gone', repository: REPOSITORY, branch: 'feature/x' };
    await expect(endWithBranch(world, gone, 'branch-deleted')).rejects.toMatchObject(UNREADABLE);
    expect([await openIn('pr-2'), await store.get('branchHead', head)]).toEqual([false, undefined]);
    store.corrupt('environment', { application: 'my-app', name: 'pr-1' }, first);
    await endWithBranch(world, gone, 'branch-deleted');
    expect(await openIn('pr-1')).toBe(false);
  });
});

describe('where a rule forbids to deploy to the first environment', () => {
  test('a push and a request make a release that waits', async () => {
    const world = await World.open();
    await world.change('dev1', { removal: { by: TOOLING, at: world.surroundings.now() } });
    expect(await world.push()).toMatchObject([{ number: 1 }]);
    const facts = { application: 'my-app', commit: commitOf(9), message: '', author: '' };
    expect(await registerRelease(world, facts, TOOLING)).toEqual({ release: expect.objectContaining({ number: 2 }) });
    expect(await world.history('dev1')).toEqual([]);
  });
});

test('what has failed in several applications is told in one error', async () => {
  const world = await World.open();
  await world.write('application', anApplication({ name: 'shop', pipeline: ['dev1'] }));
  await world.write('environment', anEnvironment({ application: 'shop' }));
  world.workflow.isUnreachable = true;
  await expect(world.push({ changedPaths: ['modules/web/main.tf'] })).rejects.toThrow(/crash.*; .*crash/);
});
