import { beforeEach, describe, expect, test } from '@jest/globals';
import { releaseByHand } from '../../../lambdas/domain/deployment/release-by-hand.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { ALICE, World } from '../../harness/world.ts';

const BY = { by: { principal: 'arn:aws:iam::1:user/alice', approver: ALICE }, reason: 'its account was closed' };
const AUDITED = 'released-by-hand';

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.release();
});
const audited = async () =>
  (await listAll(world.store, LISTINGS.audit('my-app', 'ascending'))).filter(({ type }) => type === AUDITED);

describe('a deployment whose execution and build are gone', () => {
  test.each([
    ['planning', 'Plan', { isRedeemed: true, applied: 'no' }],
    ['applying, and had its credentials', 'Apply', { isRedeemed: true, applied: 'unknown' }],
    ['applying, and had no credentials yet', 'Apply', { isRedeemed: false, applied: 'no' }],
  ] as const)('is ended by hand while it was %s, and the next one gets its environment', async (...situation) => {
    const [, state, { isRedeemed, applied }] = situation;
    const id = await world.deploy('dev1', 1);
    await world.workflow.runTo(id, state);
    await world.workflow.step(id);
    if (isRedeemed) expect(await world.builds.redeem(world.builds.of(id).at(-1) ?? '')).toBe(true);
    const next = await world.deploy('dev1', await world.release());
    await world.workflow.abort(id);
    world.builds.endAll();
    const released = await releaseByHand(world, id, BY);
    expect(released).toMatchObject({
      status: 'failed',
      applied,
      error: { reason: 'released-by-hand', message: `released by ${ALICE}: its account was closed` },
    });
    expect(await world.holderOf('dev1')).toBe(next);
    expect(await audited()).toMatchObject([{ deploymentId: id, by: ALICE, comment: 'its account was closed' }]);
  });

  test('that had ended already keeps its ending, and lets go of its environment', async () => {
    const id = await world.deploy('dev1', 1);
    await world.workflow.runTo(id, 'ReleaseEnvironment');
    await world.workflow.abort(id);
    expect((await releaseByHand(world, id, BY)).status).toBe('succeeded');
    expect(await world.holderOf('dev1')).toBeUndefined();
  });

  test('is not given back where nobody knows whether its build had credentials', async () => {
    const id = await world.deploy('dev1', 1);
    await world.workflow.runTo(id, 'Apply');
    await world.workflow.step(id);
    await world.workflow.abort(id);
    world.builds.endAll();
    const ticket = { deploymentId: id, purpose: 'apply', round: 1 } as const;
    await world.store.transact(async (transaction) => {
      await transaction.get('buildTicket', ticket);
      transaction.delete('buildTicket', ticket);
    });
    expect(await releaseByHand(world, id, BY)).toMatchObject({ status: 'failed', applied: 'unknown' });
    expect((await world.state('dev1')).newestStarted).toBe(1);
  });

  test('needs nothing of what its build left', async () => {
    const id = await world.deploy('dev1', 1);
    await world.workflow.runTo(id, 'Plan');
    await world.workflow.abort(id);
    const blind = {
      ...world,
      artifacts: undefined,
      store: world.store,
      builds: world.builds,
      workflow: world.workflow,
    };
    expect((await releaseByHand(blind, id, BY)).status).toBe('failed');
  });
});

describe('nobody is released', () => {
  const refused = async (id: string, refusal: string) => {
    const before = await world.state('dev1');
    await expect(releaseByHand(world, id, BY)).rejects.toMatchObject({ refusal });
    expect(await world.state('dev1')).toEqual(before);
    expect(await audited()).toEqual([]);
  };

  test('while the execution runs', async () => {
    await refused(await world.deploy('dev1', 1), 'still-running');
  });

  test('while a build runs, although its execution was stopped: Terraform may be changing things', async () => {
    const id = await world.deploy('dev1', 1);
    await world.workflow.runTo(id, 'Apply');
    await world.workflow.step(id);
    await world.workflow.abort(id);
    await refused(id, 'still-running');
  });

  test('who holds nothing', async () => {
    await world.deploy('dev1', 1);
    await refused(await world.deploy('dev1', await world.release()), 'not-the-holder');
  });

  test('who does not exist', async () => {
    await expect(releaseByHand(world, 'my-app-dev1-9-abcdef', BY)).rejects.toMatchObject({ name: 'NotFoundError' });
  });
});
