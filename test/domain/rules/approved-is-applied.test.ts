import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Consumption, consumePlan } from '../../../lambdas/domain/deployment/consume-plan.ts';
import { plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import type { Policy } from '../../../lambdas/domain/policy.ts';
import { aDecision, anApplication, OTHER_DIGEST } from '../../harness/builders.ts';
import { ALICE, BOB, CAROL, DAVE, World } from '../../harness/world.ts';

/** Returns an answer without its ticket, because each answer has a ticket of its own. */
const withoutTicket = (consumption: Consumption | undefined): unknown =>
  JSON.parse(JSON.stringify(consumption, (_, value) => (value?.Name === 'STAGEGATE_TICKET' ? undefined : value)));

describe('rule 2: what was approved is what is applied, once', () => {
  let world: World;
  /** A deployment in prod1 with both gates approved, before it consumes its plan. */
  let id: string;
  beforeEach(async () => {
    world = await World.open();
    await world.bring(await world.release(), 'stage1');
    id = await world.deploy('prod1', 1);
    await world.workflow.run(id);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await world.decide(id, CAROL);
    await world.workflow.runTo(id, 'ConsumePlan');
  });

  const digest = async () => plannedOf(await world.deployment(id))?.digest ?? '';
  const consume = () => consumePlan(world, id, { canWait: true });
  async function expectBlocked(reason: string): Promise<void> {
    expect(await consume()).toEqual({ outcome: 'blocked' });
    expect(await world.statusOf(id)).toBe('awaiting_approval');
    expect((await world.deployment(id)).blocking).toMatchObject({ reason });
    expect(await world.store.get('consumedPlan', { digest: await digest() })).toBeUndefined();
    expect((await world.finish(id)).status).toBe('blocked');
    expect(await world.reasonOf(id)).toBe(reason);
    expect(world.builds.applied.map(({ deploymentId }) => deploymentId)).not.toContain(id);
  }

  test('the plan of an approved deployment is handed to one apply build, with its bundle and digest', async () => {
    const consumption = await consume();
    const variables = 'apply' in consumption ? consumption.apply.EnvironmentVariablesOverride : [];
    const planned = plannedOf(await world.deployment(id));
    const byName = new Map(variables.map(({ Name, Value }) => [Name, Value]));
    expect(byName.get('STAGEGATE_PLAN_DIGEST')).toBe(planned?.digest);
    expect(byName.get('STAGEGATE_BUNDLE_KEY')).toBe(planned?.bundle.key);
    expect(byName.get('STAGEGATE_BUNDLE_VERSION_ID')).toBe(planned?.bundle.versionId);
    expect(await world.statusOf(id)).toBe('applying');
    expect(await world.store.get('consumedPlan', { digest: await digest() })).toMatchObject({ deploymentId: id });
  });

  test('consumed again by the same deployment, the answer is the same and nothing changes', async () => {
    const first = await consume();
    const before = await world.deployment(id);
    world.surroundings.advance(60);
    expect(withoutTicket(await consume())).toEqual(withoutTicket(first));
    expect(await world.deployment(id)).toEqual(before);
  });

  test('consumed twice at the same time, it is consumed once', async () => {
    const both = await Promise.all([consume(), consume()]);
    expect(withoutTicket(both[0])).toEqual(withoutTicket(both[1]));
    expect((await world.story(id)).filter((type) => type === 'plan-consumed')).toHaveLength(1);
  });

  test('a digest that another deployment has consumed is not applied again', async () => {
    const other = { digest: await digest(), deploymentId: 'my-app-prod1-9-abcdef', at: world.surroundings.now() };
    await world.write('consumedPlan', other);
    expect(await consume()).toEqual({ outcome: 'blocked' });
    expect((await world.deployment(id)).blocking?.reason).toBe('plan-consumed');
    expect(await world.store.get('consumedPlan', { digest: other.digest })).toEqual(other);
  });

  test.each(['staff', 'client'] as const)('fails when the %s gate is not approved', async (name) => {
    const gate = await world.gate(id, name);
    if (gate) await world.write('gate', { ...gate, status: 'open' });
    await expectBlocked('not-approved');
  });

  test.each(['staff', 'client'] as const)('fails when the %s gate approved another digest', async (name) => {
    const gate = await world.gate(id, name);
    if (gate) await world.write('gate', { ...gate, digest: OTHER_DIGEST });
    await expectBlocked('not-approved');
  });

  test('fails when the approvals are for another digest than the gate', async () => {
    const gate = await world.gate(id, 'staff');
    const decisions = gate?.decisions.map((decision) => ({ ...decision, digest: OTHER_DIGEST })) ?? [];
    if (gate) await world.write('gate', { ...gate, decisions });
    await expectBlocked('not-approved');
  });

  test('fails when one person approved twice where two people must', async () => {
    const gate = await world.gate(id, 'staff');
    const planned = plannedOf(await world.deployment(id));
    const deployment = await world.deployment(id);
    if (!gate || !planned || deployment.status !== 'awaiting_approval') throw new Error('not awaiting approval');
    const gates = planned.gates.map((each) => ({ ...each, required: 2 }));
    await world.write('deployment', { ...deployment, planned: { ...planned, gates } });
    await world.write('gate', { ...gate, decisions: [...gate.decisions, ...gate.decisions] });
    await expectBlocked('not-approved');
  });

  test('fails when the gate was approved by rejections', async () => {
    const gate = await world.gate(id, 'staff');
    const decisions = [aDecision({ decision: 'reject', digest: await digest() })];
    if (gate) await world.write('gate', { ...gate, decisions });
    await expectBlocked('not-approved');
  });

  test('fails when the release has lost its proof in the environment before', async () => {
    world.builds.terraform = ({ environment }) => ({
      plan: environment === 'stage1' ? 'fails' : 'changes',
      apply: 'succeeds',
    });
    await world.finish(await world.deploy('stage1', 1));
    await expectBlocked('not-succeeded-before');
  });

  test('fails when a newer release has been applied here meanwhile', async () => {
    await world.changeState('prod1', { newestStarted: 2 });
    await expectBlocked('older-release');
  });

  test('a hold does not stop what somebody asked for', async () => {
    await world.changeState('prod1', {
      hold: { reason: 'storm', by: { principal: 'x' }, at: world.surroundings.now() },
    });
    expect((await world.finish(id)).status).toBe('succeeded');
  });

  test('a hold stops what was promoted by itself', async () => {
    const source = (await world.history('dev1'))[0]?.id ?? '';
    const fresh = await World.open();
    await fresh.release();
    await fresh.succeed('dev1', 1);
    const promoted = (await fresh.promote((await fresh.history('dev1'))[0]?.id ?? source)) ?? '';
    await fresh.workflow.run(promoted);
    await fresh.decide(promoted, ALICE);
    await fresh.changeState('stage1', {
      hold: { reason: 'storm', by: { principal: 'x' }, at: fresh.surroundings.now() },
    });
    expect((await fresh.finish(promoted)).status).toBe('blocked');
    expect(await fresh.reasonOf(promoted)).toBe('environment-on-hold');
  });

  test('fails, touching nothing, when it does not hold its environment', async () => {
    const state = await world.state('prod1');
    const other = 'my-app-prod1-9-abcdef';
    await world.changeState('prod1', { holder: state.holder && { ...state.holder, deploymentId: other } });
    const before = await world.deployment(id);
    await expect(consume()).rejects.toMatchObject({ name: 'NotHolderError' });
    await world.changeState('prod1', { holder: null });
    await expect(consume()).rejects.toMatchObject({ name: 'NotHolderError' });
    expect(await world.deployment(id)).toEqual(before);
  });

  test('fails when the deployment has ended', async () => {
    await world.finish(id);
    await expect(consume()).rejects.toMatchObject({ name: 'NotHolderError' });
  });

  test('fails when nothing was planned', async () => {
    await world.release();
    const planning = await world.deploy('dev1', 2);
    await expect(consumePlan(world, planning, { canWait: true })).rejects.toMatchObject({ name: 'NotHolderError' });
    await expect(consumePlan(world, 'my-app-dev1-77-abcdef', { canWait: true })).rejects.toMatchObject({
      name: 'NotHolderError',
    });
  });

  test('a request to cancel that came first wins', async () => {
    await world.cancel(id);
    expect(await consume()).toEqual({ outcome: 'canceled' });
    expect((await world.finish(id)).status).toBe('canceled');
    expect(world.builds.applied.map(({ deploymentId }) => deploymentId)).not.toContain(id);
  });

  test('a request to cancel that came later is refused', async () => {
    await consume();
    await expect(world.cancel(id)).rejects.toMatchObject({ refusal: 'not-cancelable' });
    expect((await world.finish(id)).status).toBe('succeeded');
  });

  test('of consuming and canceling at the same time, one wins', async () => {
    const [consumption, cancellation] = await Promise.allSettled([consume(), world.cancel(id)]);
    const isConsumed = consumption.status === 'fulfilled' && consumption.value.outcome === 'consumed';
    expect(cancellation.status).toBe(isConsumed ? 'rejected' : 'fulfilled');
    expect((await world.finish(id)).status).toBe(isConsumed ? 'succeeded' : 'canceled');
  });

  test('an apply that was started already is not started again', async () => {
    await world.workflow.step(id);
    await world.workflow.step(id);
    await world.workflow.step(id);
    const before = world.builds.applied.length;
    const deployment = await world.deployment(id);
    expect(world.builds.applied.filter(({ deploymentId }) => deploymentId === id)).toEqual([
      { digest: await digest(), deploymentId: id },
    ]);
    // A second start of the build finds the mark of the first one.
    world.workflow.goBackTo(id, 'Apply');
    await world.workflow.run(id);
    expect(world.builds.applied).toHaveLength(before);
    expect(deployment.status).toBe('applying');
  });

  describe('the policy', () => {
    const demand = (policy: Policy) => world.write('application', anApplication({ policy }));

    test.each([
      ['more of a gate that was passed', { production: { staff: 2 } }],
      ['more of both gates', { production: { staff: 3, client: 2 } }],
    ] satisfies [string, Policy][])('raised after the plan was made, to %s, blocks it', async (_, policy) => {
      await demand(policy);
      await expectBlocked('policy-raised');
    });

    test('raised to a gate that the plan never came to blocks it, naming the gate', async () => {
      await world.succeed('dev1', await world.release());
      const staged = await world.deploy('stage1', 2);
      await world.workflow.run(staged);
      await world.decide(staged, ALICE);
      await demand({ staging: { client: 1 } });
      await world.workflow.run(staged);
      expect(await world.deployment(staged)).toMatchObject({
        status: 'blocked',
        error: { reason: 'policy-raised', message: expect.stringContaining('1 client approval') },
      });
    });

    test('lowered after the plan was made does not spare it the gates it was made for', async () => {
      await demand({ production: { staff: 2 } });
      await world.succeed('dev1', await world.release());
      await world.succeed('stage1', 2);
      const second = await world.deploy('prod1', 2);
      await world.workflow.run(id);
      await world.workflow.run(second);
      await demand({});
      expect((await world.decide(second, ALICE)).status).toBe('open');
      expect((await world.decide(second, BOB)).status).toBe('approved');
    });

    test('raised while a gate is open counts at that gate', async () => {
      await world.workflow.run(id);
      await world.succeed('dev1', await world.release());
      await world.succeed('stage1', 2);
      const second = await world.deploy('prod1', 2);
      await world.workflow.run(second);
      await demand({ production: { staff: 2, client: 2 } });
      expect((await world.decide(second, ALICE)).status).toBe('open');
      expect((await world.decide(second, BOB)).status).toBe('approved');
      await world.workflow.run(second);
      expect(await world.gate(second, 'client')).toMatchObject({ status: 'open', required: 2 });
      await world.decide(second, CAROL);
      await world.decide(second, DAVE);
      await world.workflow.run(second);
      expect(await world.statusOf(second)).toBe('succeeded');
    });
  });
});

describe('rule 7: a protected environment is not destroyed', () => {
  test.each([
    ['production', 'prod1', 'production-protected'],
    ['a protected environment', 'dev1', 'deletion-protected'],
  ] as const)('%s refuses', async (_, environment, refusal) => {
    const world = await World.open();
    await world.bring(await world.release(), 'prod1');
    await world.change('dev1', { deletionProtection: true });
    await expect(world.deploy(environment, 1, { operation: 'destroy' })).rejects.toMatchObject({ refusal });
  });

  test('a protection switched on before the last look stops a plan that nobody has looked at, whatever it is said to do', async () => {
    const world = await World.open();
    const id = await world.deploy('dev1', await world.release());
    await world.workflow.runTo(id, 'ConsumePlan');
    await world.change('dev1', { deletionProtection: true });
    await world.workflow.run(id);
    expect([await world.statusOf(id), await world.reasonOf(id)]).toEqual(['blocked', 'deletion-protected']);
    expect(world.builds.applied).toEqual([]);
  });

  test('a protection switched on while the destruction waited stops it at the last look', async () => {
    const world = await World.open();
    await world.bring(await world.release(), 'stage1');
    const id = await world.deploy('stage1', 1, { operation: 'destroy' });
    await world.workflow.run(id);
    await world.decide(id, ALICE);
    await world.change('stage1', { deletionProtection: true });
    expect((await world.finish(id)).status).toBe('blocked');
    expect(await world.reasonOf(id)).toBe('deletion-protected');
    expect(world.builds.applied.map(({ deploymentId }) => deploymentId)).not.toContain(id);
    expect((await world.state('stage1')).deployed).toMatchObject({ release: 1 });
  });

  test.each([
    ['deletes', 'blocked'],
    ['changes', 'succeeded'],
  ] as const)('a plan that %s, made before the protection was switched on, ends %s', async (plan, status) => {
    const world = await World.open();
    world.builds.terraform = () => ({ plan, apply: 'succeeds' });
    await world.bring(await world.release(), 'dev1');
    const id = await world.deploy('stage1', 1);
    await world.workflow.run(id);
    await world.change('stage1', { deletionProtection: true });
    expect((await world.finish(id)).status).toBe(status);
  });

  test('an unprotected environment is destroyed, outputs and all', async () => {
    const world = await World.open();
    await world.succeed('dev1', await world.release());
    const where = { application: 'my-app', environment: 'dev1' };
    expect(await world.store.get('outputs', where)).toBeDefined();
    await world.succeed('dev1', 1, { operation: 'destroy' });
    expect((await world.state('dev1')).deployed).toBeNull();
    expect(await world.store.get('outputs', where)).toBeUndefined();
  });

  test('fails where nothing is deployed', async () => {
    const world = await World.open();
    await world.release();
    await expect(world.deploy('dev1', 1, { operation: 'destroy' })).rejects.toMatchObject({
      refusal: 'nothing-deployed',
    });
  });
});
