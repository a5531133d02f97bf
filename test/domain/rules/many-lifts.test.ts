import { beforeEach, describe, expect, test } from '@jest/globals';
import { liftProtection } from '../../../lambdas/domain/environment/lift-protection.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { MOST_PROTECTION_LIFTS } from '../../../lambdas/domain/plan/safeguards-schema.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { ALICE, CAROL, World } from '../../harness/world.ts';
import { change, planOf } from '../plan/plan-documents.ts';

/** Rule 7 with as many lifts as one plan may use. The store refuses transactions that DynamoDB would refuse. */
const PROD = { application: 'my-app', environment: 'prod1' };
const REASON = 'the client has agreed to it';
const BY = { principal: 'someone' };
let world: World;
let release: number;
beforeEach(async () => {
  world = await World.open();
  release = await world.release();
  await world.bring(release, 'stage1');
});

const databases = (count: number): string[] => Array.from({ length: count }, (_, at) => `aws_db_instance.d${at}`);

/** Asks for a deployment to production that replaces databases, and gives every approval. */
async function replaceAll(addresses: readonly string[]) {
  const resource_changes = addresses.map((address) => {
    const name = address.split('.')[1] ?? '';
    return change({ type: 'aws_db_instance', name, actions: ['delete', 'create'], before: {}, after: {} });
  });
  world.builds.terraform = () => ({ plan: 'changes', printed: planOf({ resource_changes }), apply: 'succeeds' });
  const id = await world.deploy('prod1', release);
  await world.workflow.run(id);
  for (const email of [ALICE, CAROL])
    if ((await world.statusOf(id)) === 'awaiting_approval') {
      await world.decide(id, email);
      await world.workflow.run(id);
    }
  return world.deployment(id);
}

const usedLifts = async (): Promise<string[]> =>
  (await listAll(world.store, LISTINGS.protectionLifts(PROD.application, PROD.environment)))
    .filter(({ lifts }) => lifts.some(({ usedBy }) => usedBy))
    .map(({ address }) => address);

describe('lifts of single addresses', () => {
  test('are all used up by one plan, as many as one plan may use', async () => {
    const addresses = databases(MOST_PROTECTION_LIFTS);
    for (const address of addresses) await liftProtection(world, PROD, { address, reason: REASON }, BY);
    expect(await replaceAll(addresses)).toMatchObject({ status: 'succeeded' });
    expect((await usedLifts()).sort()).toEqual([...addresses].sort());
  });

  test('are one too many before anybody is asked, and the lift of the environment takes their place', async () => {
    const addresses = databases(MOST_PROTECTION_LIFTS + 1);
    for (const address of addresses) await liftProtection(world, PROD, { address, reason: REASON }, BY);
    expect(await replaceAll(addresses)).toMatchObject({
      status: 'blocked',
      error: {
        reason: 'too-many-lifts',
        message:
          'the plan needs 41 lifts of protection, and one plan may use 40: lift the protection of "prod1" itself, which takes the place of all of them',
      },
    });
    expect(await usedLifts()).toEqual([]);
    await liftProtection(world, PROD, { address: 'prod1', reason: REASON }, BY);
    expect(await replaceAll(addresses)).toMatchObject({ status: 'succeeded' });
    expect(await usedLifts()).toEqual(['prod1']);
  });
});
