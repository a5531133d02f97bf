import { beforeEach, describe, expect, test } from '@jest/globals';
import { removeApplication } from '../../../lambdas/domain/application/remove-application.ts';
import { runPrefix } from '../../../lambdas/domain/build/run-prefix.ts';
import { runObjectKey } from '../../../lambdas/domain/contract/run-objects.ts';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import { requestRemoval } from '../../../lambdas/domain/environment/request-removal.ts';
import { deleteEphemeral } from '../../../lambdas/domain/ephemeral/delete-ephemeral.ts';
import type { Deployment } from '../../../lambdas/domain/model/deployment.ts';
import { EnvironmentSettingsSchema } from '../../../lambdas/domain/model/environment.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { leavePlan, type PlanKind, stateAddressOf, stateKey } from '../../harness/plan-artifacts.ts';
import { ALICE, TOOLING, World } from '../../harness/world.ts';

/**
 * An environment is removed from the records, and its state address is free, when nothing is left in its Terraform
 * state. Code of the repository runs in builds, so only the state itself can show that nothing is left, and never a
 * build.
 */

let world: World;
beforeEach(async () => {
  world = await World.open();
});

const remove = (environment: string) => requestRemoval(world, { application: 'my-app', environment }, TOOLING);
const find = (name: string) => world.store.get('environment', { application: 'my-app', name });
const address = (environment: string) => world.store.get('stateAddress', { application: 'my-app', environment });
const phase = async () => (await world.ephemeralNow('pr-1')).life.phase;
const holds = (environment: string, count: number) =>
  world.builds.contents.set(stateKey({ application: 'my-app', environment }), count);
const eventsOf = async (id: string) => (await world.store.list(LISTINGS.events(id), { limit: 1000 })).items;

async function holderOf(environment: string): Promise<Deployment> {
  return world.deployment((await world.holderOf(environment)) ?? '');
}

/** Runs a plan build in which code of the repository leaves a forged result: a plan that finds nothing in the state. */
async function forgePlan(environment: string, kind: PlanKind): Promise<Deployment> {
  const { id } = await holderOf(environment);
  await world.workflow.runTo(id, 'AnalyzePlan');
  const deployment = await world.deployment(id);
  await leavePlan(world.artifacts, deployment, kind, { state: world.states.headAt(stateAddressOf(deployment)) }, 0);
  return deployment;
}

/** Leaves the result of an apply build that could not count what is left. */
async function leaveNoCount(environment: string): Promise<void> {
  const deployment = await holderOf(environment);
  await world.workflow.runTo(deployment.id, 'RecordOutputs');
  await world.artifacts.putJson(runObjectKey(runPrefix(deployment), 'applyResult'), {
    ok: true,
    applied: 'yes',
    resources: 1,
  });
}

async function destroy(environment: string): Promise<void> {
  await world.deploy(environment, 1, { operation: 'destroy' });
}

describe('a regular environment whose state holds something is not removed', () => {
  test('because the plan of a destruction said that there was nothing to destroy', async () => {
    await world.bring(await world.release(), 'dev1');
    holds('dev1', 3);
    world.builds.terraform = () => ({ plan: 'no-changes', apply: 'pretends' });
    await destroy('dev1');
    await forgePlan('dev1', 'no-changes');
    await world.finishIn('dev1');
    expect((await world.state('dev1')).resources?.count).toBe(3);

    const look = await remove('dev1');
    expect(look).toMatchObject({ operation: 'destroy', status: 'planning' });
    await forgePlan('dev1', 'no-changes');
    await world.finishIn('dev1');
    expect(await world.deployment(look?.id ?? '')).toMatchObject({
      status: 'blocked',
      error: { reason: 'state-not-empty', message: expect.stringContaining('still holds 3 resource(s)') },
    });
    expect([await find('dev1'), await address('dev1')]).toEqual([expect.anything(), expect.anything()]);
    expect(await find('dev1')).not.toHaveProperty('removal');
  });

  test('because the apply of a destruction said that it had left nothing', async () => {
    await world.bring(await world.release(), 'dev1');
    holds('dev1', 2);
    world.builds.terraform = () => ({ plan: 'changes', apply: 'pretends' });
    await destroy('dev1');
    await world.finishIn('dev1');
    expect((await world.state('dev1')).resources?.count).toBe(2);
    const look = await remove('dev1');
    await world.finishIn('dev1');
    expect(await world.reasonOf(look?.id ?? '')).toBe('state-not-empty');
    expect(await find('dev1')).toBeDefined();
  });

  test('at once because the plan of a deployment that failed said that there was nothing yet', async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
    await world.release();
    const id = await world.deploy('dev1', 1);
    holds('dev1', 4);
    const { round } = await forgePlan('dev1', 'changes');
    expect(round).toBe(1);
    await world.workflow.step(id);
    await world.cancel(id);
    await world.finishIn('dev1');
    expect(await world.statusOf(id)).toBe('canceled');
    const look = await remove('dev1');
    expect(look).toMatchObject({ operation: 'destroy', status: 'planning' });
    await forgePlan('dev1', 'no-changes');
    await world.finishIn('dev1');
    expect(await world.reasonOf(look?.id ?? '')).toBe('state-not-empty');
    expect([await find('dev1'), await address('dev1')]).toEqual([expect.anything(), expect.anything()]);
  });

  test('nor moved to another account, nor is its application, after a deployment that claimed to leave nothing', async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'fails' });
    await world.release();
    await world.deploy('dev1', 1);
    await world.finishIn('dev1');
    await world.deploy('dev1', 1);
    await forgePlan('dev1', 'changes');
    await world.workflow.step((await holderOf('dev1')).id);
    await world.cancel((await holderOf('dev1')).id);
    await world.finishIn('dev1');
    const settings = { stage: 'development', accountId: '999999999999', region: 'eu-west-1' };
    await expect(
      configureEnvironment(
        world,
        { application: 'my-app', environment: 'dev1' },
        EnvironmentSettingsSchema.parse(settings),
        'admin',
      ),
    ).rejects.toMatchObject({ refusal: 'something-deployed' });
    await expect(removeApplication(world, 'my-app', 'admin')).rejects.toMatchObject({ refusal: 'something-deployed' });
  });

  test('when its state cannot be read: that is the objection, with its reason', async () => {
    await world.bring(await world.release(), 'dev1');
    await destroy('dev1');
    await world.finishIn('dev1');
    world.surroundings.advance(3600);
    const look = await remove('dev1');
    world.states.unreadable = 'reading the state s3://acme-state/x as role/state: AccessDenied';
    await world.finishIn('dev1');
    expect(await world.deployment(look?.id ?? '')).toMatchObject({
      status: 'blocked',
      error: {
        reason: 'state-unreadable',
        message: 'nobody knows what is left of dev1: reading the state s3://acme-state/x as role/state: AccessDenied',
      },
    });
    expect(await find('dev1')).not.toHaveProperty('removal');
    world.states.unreadable = undefined;
    await remove('dev1');
    await world.finishIn('dev1');
    expect(await find('dev1')).toBeUndefined();
  });
});

describe('an ephemeral environment whose state holds something is not closed', () => {
  beforeEach(async () => {
    await world.runningEphemeral('pr-1');
    holds('pr-1', 2);
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
  });

  test('because the plan of its destruction said that there was nothing to destroy', async () => {
    world.builds.terraform = () => ({ plan: 'no-changes', apply: 'pretends' });
    await forgePlan('pr-1', 'no-changes');
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closing');
    expect(await address('pr-1')).toBeDefined();
  });

  test('because the apply of its destruction said that it had left nothing', async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'pretends' });
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closing');
    expect(await address('pr-1')).toBeDefined();
    world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
    world.surroundings.advance(60);
    await world.sweep();
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closed');
  });

  test('although the build did not say what it left, it is when the state says that there is nothing', async () => {
    await leaveNoCount('pr-1');
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closed');
  });
});

describe('what nobody can read', () => {
  test.each([
    ['with a reason', 'AccessDenied'],
    ['in a way that nobody thought of', new TypeError('the state says: s3cr3t')],
  ])('%s does not keep a destruction from ending, which says so', async (_, why) => {
    await world.bring(await world.release(), 'dev1');
    await destroy('dev1');
    const { id } = await holderOf('dev1');
    await world.workflow.runTo(id, 'RecordSuccess');
    world.states.unreadable = why;
    await world.finishIn('dev1');
    expect(await world.statusOf(id)).toBe('succeeded');
    expect(await world.holderOf('dev1')).toBeUndefined();
    expect(await world.state('dev1')).not.toHaveProperty('resources');
    const told = (await eventsOf(id)).filter(({ type }) => type === 'state-unreadable');
    expect(told).toMatchObject([
      { details: { message: typeof why === 'string' ? why : 'reading the state failed: TypeError' } },
    ]);
    // The environment counts as used: its state is looked into before it is removed.
    expect(await remove('dev1')).toMatchObject({ operation: 'destroy' });
  });

  test('is told where a plan claims that there is nothing', async () => {
    await world.runningEphemeral('pr-1');
    holds('pr-1', 0);
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    world.states.unreadable = 'AccessDenied';
    const { id } = await holderOf('pr-1');
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closing');
    expect((await eventsOf(id)).map(({ type }) => type)).toContain('state-unreadable');
  });
});

describe('a destruction that finds nothing any more of what its state lists', () => {
  test('is applied, which takes it out of the state; then the environment can be removed', async () => {
    await world.bring(await world.release(), 'dev1');
    holds('dev1', 2);
    await destroy('dev1');
    // Somebody has deleted everything outside of Terraform.
    const { id } = await forgePlan('dev1', 'no-changes');
    await world.finishIn('dev1');
    expect(world.builds.applied.map(({ deploymentId }) => deploymentId)).toContain(id);
    expect(await world.deployment(id)).toMatchObject({ status: 'succeeded', planned: { hasChanges: false } });
    expect(await remove('dev1')).toBeUndefined();
    expect(await find('dev1')).toBeUndefined();
  });

  test('awaits the gates of its stage before that', async () => {
    await world.bring(await world.release(), 'stage1');
    holds('stage1', 2);
    await destroy('stage1');
    const { id } = await forgePlan('stage1', 'no-changes');
    world.builds.terraform = () => ({ plan: 'no-changes', apply: 'succeeds' });
    await world.workflow.run(id);
    expect((await world.gate(id, 'staff'))?.status).toBe('open');
    await world.decide(id, ALICE);
    await world.finishIn('stage1');
    expect(await world.statusOf(id)).toBe('succeeded');
    expect((await world.state('stage1')).resources?.count).toBe(0);
  });

  test('is not applied where it may only look', async () => {
    await world.bring(await world.release(), 'dev1');
    await destroy('dev1');
    await world.finishIn('dev1');
    world.surroundings.advance(3600);
    holds('dev1', 2);
    const applied = world.builds.applied.length;
    await remove('dev1');
    await forgePlan('dev1', 'no-changes');
    await world.finishIn('dev1');
    expect(world.builds.applied).toHaveLength(applied);
  });
});

test('what the state said stays known when a plan claims the same', async () => {
  await world.bring(await world.release(), 'dev1');
  await destroy('dev1');
  await world.finishIn('dev1');
  const seen = (await world.state('dev1')).resources;
  expect(seen?.count).toBe(0);
  const id = await world.deploy('dev1', 1);
  await forgePlan('dev1', 'changes');
  await world.cancel(id);
  await world.finishIn('dev1');
  expect((await world.state('dev1')).resources).toEqual(seen);
});
