import { beforeEach, describe, expect, test } from '@jest/globals';
import { moveState, StateMoveSchema } from '../../../lambdas/domain/environment/move-state.ts';
import { deleteEphemeral } from '../../../lambdas/domain/ephemeral/delete-ephemeral.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { analyseAsWorkflow } from '../../harness/analyse-as-workflow.ts';
import { anApplication, anEnvironment, aRelease } from '../../harness/builders.ts';
import { leavePlan } from '../../harness/plan-artifacts.ts';
import { ALICE, TOOLING, World } from '../../harness/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.write('application', anApplication({ name: 'other' }));
  await world.write('environment', anEnvironment({ application: 'other', name: 'dev1' }));
  await world.write('release', aRelease({ application: 'other' }));
  await world.release();
});

const SHARED = { type: 's3', bucket: 'acme-state', key: 'shared.tfstate', region: 'eu-west-1' } as const;
type Backend = typeof SHARED | (Omit<typeof SHARED, 'bucket' | 'key'> & { bucket: string; key: string });

/** Leaves a plan of the deployment that has resolved to this address, and analyses it. */
async function planAt(id: string, backend: Backend = SHARED) {
  await leavePlan(world.artifacts, await world.deployment(id), 'changes', { backend });
  return analyseAsWorkflow(world, id);
}
const blockingOf = async (id: string) => {
  const deployment = await world.deployment(id);
  return deployment.blocking;
};
const ownerOf = (address = 'acme-state/shared.tfstate') => world.store.get('stateClaim', { address });
const addressOf = (environment: string) => world.store.get('stateAddress', { application: 'my-app', environment });
const move = (to: string, environment = 'dev1', reason = 'one bucket for all') =>
  moveState(world, { application: 'my-app', environment }, StateMoveSchema.parse({ to, reason }), {
    principal: 'staff',
    approver: ALICE,
  });

describe('a state address', () => {
  test('belongs to the first environment that plans there; a copied directory is refused with its owner’s name', async () => {
    expect((await planAt(await world.deploy('dev1', 1))).next).toBe('apply');
    await world.ephemeral('pr-1', { basedOn: 'stage1' });
    const id = await world.deploy('dev1', 1, { application: 'other' });
    expect(await planAt(id)).toMatchObject({ next: 'blocked' });
    expect(await blockingOf(id)).toEqual({
      reason: 'state-address-taken',
      message: 'the state at acme-state/shared.tfstate belongs to my-app/dev1',
    });
    expect(await ownerOf()).toMatchObject({ application: 'my-app', environment: 'dev1' });
  });

  test('raced for by two environments has one owner, and the other is refused', async () => {
    const ids = [await world.deploy('dev1', 1), await world.deploy('dev1', 1, { application: 'other' })];
    const verdicts = await Promise.all(ids.map((id) => planAt(id)));
    expect(verdicts.map(({ next }) => next).sort()).toEqual(['apply', 'blocked']);
    const owner = await ownerOf();
    const [winner] = ids.filter((_, index) => verdicts[index]?.next === 'apply');
    expect(await world.deployment(winner ?? '')).toMatchObject(owner ? { application: owner.application } : {});
  });

  test('in another key on a later plan is refused', async () => {
    await planAt(await world.deploy('dev1', 1));
    const id = (await world.holderOf('dev1')) ?? '';
    expect((await planAt(id, { ...SHARED, key: 'renamed.tfstate' })).next).toBe('blocked');
    expect(await blockingOf(id)).toEqual({
      reason: 'state-address-moved',
      message: 'its state is at acme-state/shared.tfstate, this plan would use acme-state/renamed.tfstate',
    });
    expect(await ownerOf('acme-state/renamed.tfstate')).toBeUndefined();
  });

  test.each([
    ['an access point of the bucket', { bucket: 'acme-state-abcdefgh-s3alias', key: 'shared.tfstate' }],
    ['an access point by its ARN', { bucket: 'arn:aws:s3:eu-west-1:111111111111:accesspoint/acme', key: 'x' }],
    ['the lock of another state', { bucket: 'acme-state', key: 'other.tfstate.tflock' }],
  ])('that is %s is refused, as it may be another’s under a second name', async (_, place) => {
    const id = await world.deploy('dev1', 1);
    expect((await planAt(id, { ...SHARED, ...place })).next).toBe('blocked');
    expect(await blockingOf(id)).toMatchObject({ reason: 'state-address-unfit' });
    expect(await addressOf('dev1')).toBeUndefined();
  });

  test('of an ephemeral environment is its own, whatever the plan says', async () => {
    await world.ephemeral('pr-1');
    const id = (await world.holderOf('pr-1')) ?? '';
    expect((await planAt(id)).next).toBe('blocked');
    expect(await blockingOf(id)).toMatchObject({ reason: 'state-address-moved' });
    expect(await ownerOf()).toBeUndefined();
  });

  test('that a foreign plan has seen says nothing about the environment', async () => {
    await planAt(await world.deploy('dev1', 1));
    const id = await world.deploy('dev1', 1, { application: 'other' });
    await leavePlan(world.artifacts, await world.deployment(id), 'changes', { backend: SHARED }, 7);
    await analyseAsWorkflow(world, id);
    const state = await world.store.get('environmentState', { application: 'other', environment: 'dev1' });
    expect(state?.resources).toBeUndefined();
  });

  test('is free when its ephemeral environment is closed', async () => {
    const own = 'acme-state/ephemeral/my-app/pr-1/terraform.tfstate';
    await world.runningEphemeral('pr-1');
    expect(await ownerOf(own)).toMatchObject({ environment: 'pr-1' });
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    await world.finishIn('pr-1');
    expect(await ownerOf(own)).toBeUndefined();
  });
});

describe('a state is moved', () => {
  test('by an act that is recorded; then the old address is refused and the new one awaited', async () => {
    await world.succeed('dev1', 1);
    const old = 'acme-state/apps/my-app/dev1/terraform.tfstate';
    await move('acme-state/moved.tfstate');
    expect(await addressOf('dev1')).toMatchObject({ address: 'acme-state/moved.tfstate', former: [old] });
    const { items } = await world.store.list(LISTINGS.environmentEvents('my-app', 'dev1'));
    expect(items[0]).toMatchObject({
      type: 'state-moved',
      by: 'staff',
      reason: `${old} -> acme-state/moved.tfstate: one bucket for all`,
    });
    const id = await world.deploy('dev1', await world.release());
    await leavePlan(world.artifacts, await world.deployment(id), 'changes');
    expect((await analyseAsWorkflow(world, id)).next).toBe('blocked');
    expect((await planAt(id, { ...SHARED, key: 'moved.tfstate' })).next).toBe('apply');
  });

  test('and leaves its old address to nobody else, and may come back to it', async () => {
    await planAt(await world.deploy('dev1', 1));
    await world.finishIn('dev1');
    await move('acme-state/moved.tfstate');
    const id = await world.deploy('dev1', 1, { application: 'other' });
    expect((await planAt(id)).next).toBe('blocked');
    await move('acme-state/shared.tfstate');
    expect(await addressOf('dev1')).toMatchObject({ address: 'acme-state/shared.tfstate' });
    expect(await ownerOf('acme-state/moved.tfstate')).toMatchObject({ environment: 'dev1' });
  });

  test('never to an address of another environment, nor to one that is no address of its own', async () => {
    await world.succeed('dev1', 1);
    await world.runningEphemeral('pr-1');
    await expect(move('acme-state/apps/my-app/dev1/terraform.tfstate', 'stage1')).rejects.toThrow(
      'the state at acme-state/apps/my-app/dev1/terraform.tfstate belongs to my-app/dev1',
    );
    await expect(move('acme-state/x.tfstate', 'pr-1')).rejects.toMatchObject({ refusal: 'not-allowed-here' });
    await expect(move('acme-state-s3alias/x')).rejects.toMatchObject({ name: 'InvalidInputError' });
    for (const to of ['acme-state', 'acme-state/', 'acme-state//x', '/x', 's3://acme-state/x', 'acme-state/x/'])
      expect(StateMoveSchema.safeParse({ to, reason: 'x' }).success).toBe(false);
    expect(await addressOf('stage1')).toBeUndefined();
  });

  test('only while nothing is under way there', async () => {
    await world.deploy('dev1', 1);
    await expect(move('acme-state/x.tfstate')).rejects.toMatchObject({ refusal: 'deployments-open' });
  });

  test('to one address by two at the same time: one of them', async () => {
    const answers = await Promise.allSettled([
      move('acme-state/x.tfstate', 'dev1'),
      move('acme-state/x.tfstate', 'stage1'),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
