import { beforeEach, describe, expect, test } from '@jest/globals';
import { deleteDroppedTrees } from '../../../lambdas/domain/build/drop-trees.ts';
import { keepTree } from '../../../lambdas/domain/build/keep-tree.ts';
import { runPrefix } from '../../../lambdas/domain/build/run-prefix.ts';
import { runObjectKey } from '../../../lambdas/domain/contract/run-objects.ts';
import { requestRemoval } from '../../../lambdas/domain/environment/request-removal.ts';
import { deleteEphemeral } from '../../../lambdas/domain/ephemeral/delete-ephemeral.ts';
import { redeployEphemeral } from '../../../lambdas/domain/ephemeral/redeploy-ephemeral.ts';
import { ServiceUnavailableError } from '../../../lambdas/domain/errors.ts';
import { MOST_KEPT } from '../../../lambdas/domain/model/kept/kept-trees.ts';
import { commitOf } from '../../harness/builders.ts';
import { TOOLING, World } from '../../harness/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});

const placeOf = (environment: string) => ({ application: 'my-app', environment });
const kept = (environment = 'dev1') => world.store.get('keptTrees', placeOf(environment));
const keptReleases = async (environment = 'dev1') => (await kept(environment))?.successes.map(({ release }) => release);
const standing = async () => (await world.store.get('environmentState', placeOf('dev1')))?.deployed?.deploymentId;
const objects = () => world.artifacts.keys().filter((key) => key.startsWith('kept/'));

async function releases(count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await world.release();
    await world.succeed('dev1', number);
  }
}

describe('the tree of a success', () => {
  test('is kept with its environment, in an object of its own', async () => {
    await world.release();
    const id = await world.succeed('dev1', 1);
    const tree = await kept();
    expect(tree).toMatchObject({
      successes: [{ deploymentId: id, release: 1, commit: commitOf(1), versionId: '1' }],
      dropped: [],
    });
    const [key = ''] = objects();
    expect(key).toMatch(new RegExp(`^kept/${id}/[0-9a-f]{32}/tree.tar.gz$`));
    const original = runObjectKey(runPrefix(await world.deployment(id)), 'tree');
    expect(await world.artifacts.getJson(key)).toEqual(await world.artifacts.getJson(original));
    // Who knows where a run left its objects does not know where its tree is kept.
    expect(key).not.toContain((await world.deployment(id)).runSecret);
  });

  test('is kept when there was nothing to change, too', async () => {
    world.builds.terraform = () => ({ plan: 'no-changes', apply: 'succeeds' });
    await releases(1);
    expect(await keptReleases()).toEqual([1]);
  });

  test('is kept once, however often somebody asks', async () => {
    await world.release();
    const id = await world.deploy('dev1', 1);
    for (let steps = 0; world.workflow.stateOf(id) !== 'ReleaseEnvironment' && steps < 50; steps++)
      await world.workflow.step(id);
    const before = await kept();
    await keepTree(world, id);
    expect([await kept(), objects().length]).toEqual([before, 1]);
  });

  test(`is deleted when ${MOST_KEPT} others have succeeded since, and no sooner`, async () => {
    await releases(MOST_KEPT);
    const before = objects();
    await world.release();
    await world.succeed('dev1', MOST_KEPT + 1);
    expect(await keptReleases()).toEqual(Array.from({ length: MOST_KEPT }, (_, index) => MOST_KEPT + 1 - index));
    expect(objects()).toHaveLength(MOST_KEPT);
    expect(objects()).not.toContain(before[0]);
  });

  test('takes the place of an earlier one of the same release', async () => {
    await releases(2);
    const again = await world.succeed('dev1', 2);
    expect((await kept())?.successes).toMatchObject([{ release: 2, deploymentId: again }, { release: 1 }]);
    expect(objects()).toHaveLength(2);
  });

  test('is not kept if the deployment changed nothing, or only destroyed', async () => {
    world.builds.terraform = () => ({ plan: 'fails', apply: 'succeeds' });
    await world.release();
    await world.finish(await world.deploy('dev1', 1));
    expect(await kept()).toBeUndefined();
    world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
    await world.succeed('dev1', 1);
    await world.succeed('dev1', 1, { operation: 'destroy' });
    expect(await keptReleases()).toEqual([1]);
  });
});

describe('the tree of an apply that failed', () => {
  const failing = (...failures: number[]) => {
    world.builds.terraform = ({ release = 0 }) => ({
      plan: 'changes',
      apply: failures.includes(release) ? 'fails' : 'succeeds',
    });
  };

  test('is kept beside the successes, until the next success', async () => {
    failing(2, 3);
    await releases(1);
    for (const release of [2, 3]) {
      await world.release();
      await world.finish(await world.deploy('dev1', release));
      expect(await kept()).toMatchObject({ successes: [{ release: 1 }], unfinished: { release } });
      expect(objects()).toHaveLength(2);
    }
    failing();
    await world.succeed('dev1', 3);
    expect(await keptReleases()).toEqual([3, 1]);
    expect([(await kept())?.unfinished, objects().length]).toEqual([undefined, 2]);
  });

  test('is kept if the execution ended before it could be', async () => {
    await world.release();
    const id = await world.deploy('dev1', 1);
    for (let steps = 0; world.workflow.stateOf(id) !== 'RecordOutputs' && steps < 50; steps++)
      await world.workflow.step(id);
    await world.workflow.abort(id);
    await world.reconcile();
    expect(await world.statusOf(id)).toBe('failed');
    expect(await kept()).toMatchObject({ successes: [], unfinished: { deploymentId: id } });
  });
});

describe('with its environment, everything is deleted', () => {
  test('when an ephemeral one is closed', async () => {
    await world.runningEphemeral('pr-1');
    await redeployEphemeral(world, placeOf('pr-1'), commitOf(2), TOOLING);
    await world.finishIn('pr-1');
    expect(objects()).toHaveLength(2);
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    await world.finishIn('pr-1');
    expect((await world.ephemeralNow('pr-1')).life.phase).toBe('closed');
    expect([objects(), await kept('pr-1')]).toEqual([[], undefined]);
  });

  test('when a regular one is removed, which no deployment does', async () => {
    await releases(3);
    await world.succeed('dev1', 3, { operation: 'destroy' });
    expect(await requestRemoval(world, placeOf('dev1'), TOOLING)).toBeUndefined();
    expect((await kept())?.dropped).toHaveLength(3);
    await world.reconcile();
    expect([objects(), await kept()]).toEqual([[], undefined]);
  });

  test('and a new one of the same name begins with nothing, while the old objects are still there', async () => {
    await releases(1);
    await world.succeed('dev1', 1, { operation: 'destroy' });
    await requestRemoval(world, placeOf('dev1'), TOOLING);
    await world.change('dev1', { createdAt: world.surroundings.now() });
    await world.succeed('dev1', 1);
    expect((await kept())?.successes).toHaveLength(1);
    expect(objects()).toHaveLength(1);
  });
});

describe('nothing is forgotten if', () => {
  /** Runs a deployment until its tree is to be kept. */
  async function upToKeeping(environment = 'dev1', release = 1): Promise<string> {
    const id = await world.deploy(environment, release);
    for (let steps = 0; world.workflow.stateOf(id) !== 'KeepTree' && steps < 50; steps++) await world.workflow.step(id);
    return id;
  }

  test('the function dies after it has copied', async () => {
    await world.release();
    const id = await upToKeeping();
    const copyOnce = world.artifacts.copyOnce.bind(world.artifacts);
    world.artifacts.copyOnce = async (from, to) => {
      await copyOnce(from, to);
      throw new Error('killed');
    };
    await expect(keepTree(world, id)).rejects.toThrow('killed');
    expect([await keptReleases(), objects().length]).toEqual([[], 1]);
    world.artifacts.copyOnce = copyOnce;
    await keepTree(world, id);
    expect([await keptReleases(), objects().length]).toEqual([[1], 1]);
  });

  test('it never comes back, and the next deployment is kept', async () => {
    await world.release();
    const copyOnce = world.artifacts.copyOnce.bind(world.artifacts);
    world.artifacts.copyOnce = async (from, to) => {
      await copyOnce(from, to);
      throw new ServiceUnavailableError('killed');
    };
    await world.succeed('dev1', 1);
    expect(objects()).toHaveLength(1);
    world.artifacts.copyOnce = copyOnce;
    await world.release();
    await world.succeed('dev1', 2);
    expect([await keptReleases(), objects().length]).toEqual([[2], 1]);
  });

  test('the function dies beside a success whose tree is gone for good', async () => {
    world.builds.terraform = ({ release }) => ({ plan: 'changes', apply: release === 2 ? 'fails' : 'succeeds' });
    const copyOnce = world.artifacts.copyOnce.bind(world.artifacts);
    world.artifacts.copyOnce = async () => undefined;
    await releases(1);
    const gone = runObjectKey(runPrefix(await world.deployment((await standing()) ?? '')), 'tree');
    await world.release();
    const id = await upToKeeping('dev1', 2);
    world.artifacts.copyOnce = async (from, to) => {
      if (from === gone) return undefined;
      await copyOnce(from, to);
      throw new Error('killed');
    };
    await expect(keepTree(world, id)).rejects.toThrow('killed');
    world.artifacts.copyOnce = async (from, to) => (from === gone ? undefined : copyOnce(from, to));
    await keepTree(world, id);
    expect([(await kept())?.unfinished?.deploymentId, objects().length]).toEqual([id, 1]);
  });

  test('the environment ends while the copy is made', async () => {
    await world.release();
    const id = await upToKeeping();
    const copyOnce = world.artifacts.copyOnce.bind(world.artifacts);
    world.artifacts.copyOnce = async (from, to) => {
      const copying = (await kept()) ?? { ...placeOf('dev1'), successes: [], dropped: [] };
      await world.write('keptTrees', { ...placeOf('dev1'), successes: [], dropped: [{ key: to }] });
      expect(copying).toMatchObject({ copying: { key: to } });
      await deleteDroppedTrees(world, placeOf('dev1'));
      return copyOnce(from, to);
    };
    await keepTree(world, id);
    expect([objects(), await kept()]).toEqual([[], undefined]);
  });

  test('a deletion fails: it is tried again', async () => {
    await releases(1);
    await world.succeed('dev1', 1, { operation: 'destroy' });
    await requestRemoval(world, placeOf('dev1'), TOOLING);
    const deleteForGood = world.artifacts.deleteForGood.bind(world.artifacts);
    world.artifacts.deleteForGood = async () => {
      throw new Error('slow down');
    };
    expect(await world.reconcile()).toContainEqual(expect.objectContaining({ action: 'failed' }));
    expect(objects()).toHaveLength(1);
    world.artifacts.deleteForGood = deleteForGood;
    await world.reconcile();
    expect([objects(), await kept()]).toEqual([[], undefined]);
  });
});

test('a tree that is gone keeps nothing, and the deployment ends all the same', async () => {
  await world.release();
  world.artifacts.copyOnce = async () => undefined;
  await world.succeed('dev1', 1);
  expect(await kept()).toBeUndefined();
});
