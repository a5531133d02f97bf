import { beforeEach, describe, expect, test } from '@jest/globals';
import { World } from '../../harness/world.ts';

describe('rule 5: an older release never replaces a newer one, unless it is rolled back to', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    for (const release of [1, 2, 3]) {
      await world.release();
      await world.succeed('dev1', release);
    }
  });
  const OLDER = { refusal: 'older-release' };

  test('fails at creation', async () => {
    await expect(world.deploy('dev1', 2)).rejects.toMatchObject(OLDER);
    await expect(world.deploy('dev1', 2, { automatic: true })).rejects.toMatchObject(OLDER);
  });

  test('the same release again is allowed', async () => {
    await world.succeed('dev1', 3);
  });

  test('it counts that the apply started, not that it succeeded', async () => {
    await world.release();
    world.builds.terraform = () => ({ plan: 'changes', apply: 'fails' });
    await world.finish(await world.deploy('dev1', 4));
    await expect(world.deploy('dev1', 3)).rejects.toMatchObject(OLDER);
    await world.deploy('dev1', 4);
  });

  test('a release that failed to plan changed nothing, an older one may follow', async () => {
    await world.release();
    world.builds.terraform = () => ({ plan: 'fails', apply: 'fails' });
    await world.finish(await world.deploy('dev1', 4));
    await world.deploy('dev1', 3);
  });

  test('a release without changes counts as deployed', async () => {
    await world.release();
    world.builds.terraform = () => ({ plan: 'no-changes', apply: 'fails' });
    await world.succeed('dev1', 4);
    await expect(world.deploy('dev1', 3)).rejects.toMatchObject(OLDER);
  });

  test('a newer release that is only planned stops nobody; who comes second is judged at the end', async () => {
    const newer = await world.deploy('stage1', 3);
    const older = await world.deploy('stage1', 2);
    expect((await world.finish(newer)).status).toBe('succeeded');
    expect(await world.statusOf(older)).toBe('superseded');
  });

  describe('a rollback', () => {
    test('brings an older release back and holds the environment', async () => {
      const id = await world.succeed('dev1', 1, { operation: 'rollback' });
      const { principal } = (await world.deployment(id)).requestedBy;
      expect(await world.state('dev1')).toMatchObject({
        deployed: { release: 1, deploymentId: id },
        hold: { reason: 'rolled back to release 1', by: { principal } },
        newestStarted: 3,
      });
    });

    test('keeps pushes out, until the hold is lifted', async () => {
      await world.succeed('dev1', 1, { operation: 'rollback' });
      await world.release();
      await expect(world.deploy('dev1', 4, { automatic: true })).rejects.toMatchObject({
        refusal: 'environment-on-hold',
      });
      await world.changeState('dev1', { hold: null });
      await world.deploy('dev1', 4, { automatic: true });
    });

    test('keeps out what waited in the queue and was asked for by nobody', async () => {
      await world.release();
      await world.release();
      const holder = await world.deploy('dev1', 4);
      const rollback = await world.rollBack('dev1', 1);
      const waiting = await world.deploy('dev1', 5, { automatic: true });
      await world.finish(holder);
      expect((await world.finish(rollback)).status).toBe('succeeded');
      expect((await world.finish(waiting)).status).toBe('blocked');
      expect(await world.reasonOf(waiting)).toBe('environment-on-hold');
      expect((await world.state('dev1')).deployed).toMatchObject({ release: 1 });
    });

    test.each([
      ['cannot be planned', { plan: 'fails', apply: 'fails' }, null],
      ['fails half way through its apply', { plan: 'changes', apply: 'fails' }, { reason: 'rolled back to release 1' }],
    ] as const)('that %s holds the environment only once it began to change it', async (_, terraform, hold) => {
      world.builds.terraform = () => terraform;
      await world.finish(await world.rollBack('dev1', 1));
      const state = await world.state('dev1');
      expect(state.deployed?.release).toBe(3);
      expect(state.hold).toEqual(hold && expect.objectContaining(hold));
    });

    test('fails to go forward or to stay', async () => {
      await world.release();
      for (const release of [3, 4])
        await expect(world.rollBack('dev1', release)).rejects.toMatchObject({ refusal: 'not-a-rollback' });
    });

    test('fails where the release did not succeed in the environment before', async () => {
      for (const release of [1, 2]) {
        await world.succeed('stage1', release);
        await world.succeed('prod1', release);
      }
      world.builds.terraform = () => ({ plan: 'fails', apply: 'fails' });
      await world.finish(await world.rollBack('stage1', 1));
      await expect(world.rollBack('prod1', 1)).rejects.toMatchObject({ refusal: 'not-succeeded-before' });
    });

    test('does not lower the bar: releases between it and the newest stay older', async () => {
      await world.succeed('dev1', 1, { operation: 'rollback' });
      await expect(world.deploy('dev1', 2)).rejects.toMatchObject(OLDER);
      await world.succeed('dev1', 2, { operation: 'rollback' });
      await world.succeed('dev1', 3);
    });
  });
});
