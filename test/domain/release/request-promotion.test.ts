import { beforeEach, describe, expect, test } from '@jest/globals';
import { requestPromotion } from '../../../lambdas/domain/release/request-promotion.ts';
import { World } from '../../harness/world.ts';

describe('promoting the newest release that can be promoted', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  const promote = async (to: string, release?: number) =>
    requestPromotion(world, {
      application: 'my-app',
      to,
      requestedBy: { principal: 'x' },
      ...(release && { release }),
    });
  const releasedTo = async (to: string) => (await promote(to)).deployment.release;

  test('takes the newest one that succeeded in the environment before', async () => {
    for (const release of [1, 2, 3]) expect(await world.release()).toBe(release);
    await world.succeed('dev1', 1);
    await world.succeed('dev1', 2);
    expect(await releasedTo('stage1')).toBe(2);
  });

  test('passes over one that failed, and one that was rolled back', async () => {
    for (const release of [1, 2, 3]) {
      await world.release();
      await world.succeed('dev1', release);
    }
    await world.succeed('dev1', 2, { operation: 'rollback' });
    expect(await releasedTo('stage1')).toBe(2);
  });

  test('takes the newest release at all for the first environment', async () => {
    await world.release();
    await world.release();
    expect(await releasedTo('dev1')).toBe(2);
  });

  test('answers with the deployment that is under way', async () => {
    await world.release();
    await world.succeed('dev1', 1);
    const { deployment } = await promote('stage1');
    expect(await promote('stage1')).toMatchObject({ isNew: false, deployment: { id: deployment.id } });
  });

  test.each([
    ['nothing succeeded before', async () => {}],
    ['the newest is there already', async () => world.bring(1, 'stage1')],
    [
      'a newer one was applied there',
      async () => {
        await world.bring(1, 'stage1');
        await world.changeState('stage1', { newestStarted: 2 });
      },
    ],
  ])('fails when %s', async (_, arrange) => {
    await world.release();
    await arrange();
    await expect(promote('stage1')).rejects.toMatchObject({ refusal: 'nothing-to-promote' });
  });

  test('fails for a named release that skips an environment', async () => {
    await world.release();
    await world.succeed('dev1', 1);
    await expect(promote('prod1', 1)).rejects.toMatchObject({ refusal: 'not-succeeded-before' });
  });

  test('fails for an application or an environment that does not exist', async () => {
    const wish = { application: 'nobody', to: 'stage1', requestedBy: { principal: 'x' } };
    await expect(requestPromotion(world, wish)).rejects.toMatchObject({ name: 'NotFoundError' });
    await expect(promote('dev9')).rejects.toMatchObject({ name: 'NotFoundError', kind: 'environment' });
  });
});
