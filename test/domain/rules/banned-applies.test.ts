import { beforeEach, describe, expect, test } from '@jest/globals';
import { redeemTicket } from '../../../lambdas/domain/build/redeem-ticket.ts';
import { consumePlan } from '../../../lambdas/domain/deployment/consume-plan.ts';
import { PAUSES_OF_BAN, pauseAfter } from '../../../lambdas/domain/deployment/pause-after.ts';
import { plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import { stateAddressOf } from '../../harness/plan-artifacts.ts';
import { ALICE, CAROL, World } from '../../harness/world.ts';

/** Rule 2, while applies are banned: nothing is applied, nothing fails, and afterwards each plan is applied once. */

const HOUR = 3600;

let world: World;
let release: number;

beforeEach(async () => {
  world = await World.open();
  release = await world.release();
});

/** Lets the time pass until the execution looks again. */
async function lookAgain(id: string, seconds = 2 * HOUR): Promise<void> {
  world.surroundings.advance(seconds);
  await world.workflow.run(id);
}

const appliesOf = async (id: string): Promise<number> => {
  const story = await world.story(id);
  return story.filter((type) => type === 'plan-consumed').length;
};

/** Brings a deployment without gates to its wait. */
async function waiting(): Promise<string> {
  world.applies = 'banned';
  const id = await world.deploy('dev1', release);
  await world.workflow.run(id);
  return id;
}

describe('a plan without gates', () => {
  test('waits while applies are banned, says so, and is applied afterwards', async () => {
    const id = await waiting();
    for (let looks = 0; looks < 3; looks++) await lookAgain(id);
    expect([world.workflow.stateOf(id), await world.statusOf(id)]).toEqual(['WaitForApplies', 'planning']);
    expect(plannedOf(await world.deployment(id))?.hasChanges).toBe(true);
    expect(await world.deployment(id)).toMatchObject({ appliesBannedSince: '2026-11-23T10:00:00.000Z' });
    expect(await world.story(id)).toEqual(expect.arrayContaining(['applies-banned']));
    expect((await world.story(id)).filter((type) => type === 'applies-banned')).toHaveLength(1);
    world.applies = 'allowed';
    await lookAgain(id);
    expect([await world.statusOf(id), await appliesOf(id)]).toEqual(['succeeded', 1]);
    expect(await world.deployment(id)).not.toHaveProperty('appliesBannedSince');
  });

  test('is made again if the state was changed while it waited', async () => {
    const id = await waiting();
    world.states.change(stateAddressOf({ application: 'my-app', environment: 'dev1' }));
    world.applies = 'allowed';
    await lookAgain(id);
    expect([await world.statusOf(id), plannedOf(await world.deployment(id))?.round]).toEqual(['succeeded', 2]);
  });

  test('is made again if it has become too old', async () => {
    const id = await waiting();
    world.applies = 'allowed';
    await lookAgain(id, 30 * 24 * HOUR);
    expect([await world.statusOf(id), plannedOf(await world.deployment(id))?.round]).toEqual(['succeeded', 2]);
  });

  test('can be canceled', async () => {
    const id = await waiting();
    await world.cancel(id);
    await lookAgain(id);
    expect(await world.statusOf(id)).toBe('canceled');
    expect(await world.holderOf('dev1')).toBeUndefined();
  });

  test('waits again if applies are banned again', async () => {
    const id = await waiting();
    world.applies = 'allowed';
    world.surroundings.advance(2 * HOUR);
    await world.workflow.runTo(id, 'CheckPlan');
    world.applies = 'banned';
    await world.workflow.run(id);
    expect([world.workflow.stateOf(id), await world.statusOf(id)]).toEqual(['WaitForApplies', 'planning']);
  });

  test('is looked at first after minutes, later every two hours', async () => {
    const id = await waiting();
    expect(await consumePlan(world, id, { canWait: true })).toEqual({ outcome: 'banned', waitSeconds: 300 });
    const since = Date.parse(world.surroundings.now());
    const pauses: number[] = [];
    for (let waited = 0; waited < 30 * 24 * HOUR; waited += pauses.at(-1) ?? 0)
      pauses.push(
        pauseAfter(new Date(since).toISOString(), new Date(since + waited * 1000).toISOString(), PAUSES_OF_BAN),
      );
    expect([pauses[0], pauses.at(-1)]).toEqual([300, 2 * HOUR]);
  });
});

describe('an approved plan', () => {
  beforeEach(() => world.bring(release, 'stage1'));

  /** Brings a production deployment past both gates. */
  async function approved(): Promise<string> {
    const id = await world.deploy('prod1', release);
    await world.workflow.run(id);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await world.decide(id, CAROL);
    await world.workflow.run(id);
    return id;
  }

  test('keeps its approvals while it waits, and the reconciler leaves it alone', async () => {
    world.applies = 'banned';
    const id = await approved();
    await lookAgain(id);
    expect((await world.reconcile()).filter(({ deploymentId }) => deploymentId === id)).toEqual([]);
    expect([world.workflow.stateOf(id), await world.statusOf(id)]).toEqual(['WaitForApplies', 'awaiting_approval']);
    world.applies = 'allowed';
    await lookAgain(id);
    expect([await world.statusOf(id), await appliesOf(id)]).toEqual(['succeeded', 1]);
  });

  test('an execution of an older definition, which cannot wait, applies nothing', async () => {
    world.applies = 'banned';
    const id = await approved();
    await expect(consumePlan(world, id, { canWait: false })).rejects.toMatchObject({ name: 'ConflictError' });
    expect(await appliesOf(id)).toBe(0);
  });
});

describe('a build that applies', () => {
  const caller = (session: string) => ({
    userArn: `arn:aws:sts::000000000000:assumed-role/stagegate-apply-build/${session}`,
    userId: `AROA:${session}`,
  });

  /** Lets a deployment go on until its apply build runs. Returns what the build shows to the broker. */
  async function applying(): Promise<{ ticket: string; buildId: string }> {
    const id = await world.deploy('dev1', release);
    await world.workflow.runTo(id, 'Apply');
    await world.workflow.step(id);
    const buildId = [...world.builds.running].find((build) => build.startsWith('stagegate-apply')) ?? '';
    return { buildId, ticket: world.builds.tickets.get(buildId) ?? '' };
  }

  test('gets no credentials if it begins under the ban, which is no attack that the audit tells of', async () => {
    const shown = await applying();
    world.applies = 'banned';
    await expect(redeemTicket(world, caller('one'), shown)).rejects.toMatchObject({ refusal: 'applies-banned' });
    expect(world.environmentRoles.given).toEqual([]);
    world.applies = 'allowed';
    await redeemTicket(world, caller('one'), shown);
    expect(world.environmentRoles.given).toHaveLength(1);
  });

  test('keeps getting credentials if it began before, so that no apply ends half way', async () => {
    const shown = await applying();
    await redeemTicket(world, caller('one'), shown);
    world.applies = 'banned';
    await redeemTicket(world, caller('one'), shown);
    expect(world.environmentRoles.given).toHaveLength(2);
  });
});
