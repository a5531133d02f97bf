import { beforeEach, describe, expect, test } from '@jest/globals';
import { requestApproval } from '../../../lambdas/domain/approval/request-approval.ts';
import { MOST_ROUNDS } from '../../../lambdas/domain/build/next-round.ts';
import { preparePlan } from '../../../lambdas/domain/build/prepare-plan.ts';
import { checkPlan } from '../../../lambdas/domain/deployment/check-plan.ts';
import { consumePlan } from '../../../lambdas/domain/deployment/consume-plan.ts';
import { inspectFailedApply } from '../../../lambdas/domain/deployment/inspect-failed-apply.ts';
import { liftProtection } from '../../../lambdas/domain/environment/lift-protection.ts';
import { NotHolderError, PlanStaleError } from '../../../lambdas/domain/errors.ts';
import { plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import { type PlanKind, stateAddressOf } from '../../harness/plan-artifacts.ts';
import { ALICE, BOB, CAROL, DAVE, World } from '../../harness/world.ts';

/** Rule 3: approvals count for the plan that was shown. A stale plan is made again, and the new plan is another one. */

const HOUR = 3600;
const DAY = 24 * HOUR;

let world: World;
let release: number;

beforeEach(async () => {
  world = await World.open();
  release = await world.release();
  await world.bring(release, 'stage1');
});

const changeState = (environment: string) =>
  world.states.change(stateAddressOf({ application: 'my-app', environment }));

/** Sets what Terraform plans in each round. The last kind is used for all further rounds. */
function plans(...kinds: PlanKind[]): void {
  world.builds.terraform = ({ round }) => ({
    plan: kinds[round - 1] ?? kinds.at(-1) ?? 'changes',
    apply: 'succeeds',
  });
}

/** Brings a production deployment to the approval of its client gate. CheckPlan is the next state of its execution. */
async function approved(): Promise<string> {
  const id = await world.deploy('prod1', release);
  await world.workflow.run(id);
  await world.decide(id, ALICE);
  await world.workflow.run(id);
  await world.decide(id, CAROL);
  await world.workflow.runTo(id, 'CheckPlan');
  return id;
}

/** Makes the plan of a deployment one that does not show for which version of the state it was made. */
async function hide(id: string, state: 'encrypted' | 'unreadable'): Promise<void> {
  const deployment = await world.deployment(id);
  if (deployment.status !== 'awaiting_approval') throw new Error(`${id} is ${deployment.status}`);
  await world.write('deployment', { ...deployment, planned: { ...deployment.planned, state } });
}

const roundOf = async (id: string) => plannedOf(await world.deployment(id))?.round;

describe('an approved plan that does not show its state', () => {
  test.each(['encrypted', 'unreadable'] as const)(
    '(%s) is not stale for that, whatever state there is',
    async (state) => {
      const id = await approved();
      await hide(id, state);
      changeState('prod1');
      await world.workflow.run(id);
      expect([await world.statusOf(id), await roundOf(id)]).toEqual(['succeeded', 1]);
    },
  );

  test('needs no state that can be read', async () => {
    const id = await approved();
    await hide(id, 'encrypted');
    world.states.unreadable = 'it is encrypted';
    expect(await checkPlan(world, id)).toEqual({ outcome: 'current' });
  });

  test('is made again where it is too old', async () => {
    const id = await approved();
    await hide(id, 'encrypted');
    world.surroundings.advance(DAY + 1);
    expect(await checkPlan(world, id)).toEqual({ outcome: 'stale' });
  });

  test('is another one than a plan for no state, which is stale as soon as there is a state', async () => {
    const id = await approved();
    expect(plannedOf(await world.deployment(id))?.state).toBeNull();
    changeState('prod1');
    expect(await checkPlan(world, id)).toEqual({ outcome: 'stale' });
  });
});

describe('an approved plan', () => {
  test('of the state as it is and of today is applied', async () => {
    const id = await approved();
    await world.workflow.run(id);
    expect([await world.statusOf(id), await roundOf(id)]).toEqual(['succeeded', 1]);
  });

  test.each([
    ['whose state somebody changed', () => changeState('prod1'), 'state-changed'],
    ['older than the policy allows', () => world.surroundings.advance(DAY + 1), 'plan-too-old'],
  ] as const)(
    '%s is made again; meaning the same, it is applied with the approvals there are',
    async (_, age, because) => {
      const id = await approved();
      age();
      await world.workflow.run(id);
      const deployment = await world.deployment(id);
      expect([deployment.status, await roundOf(id)]).toEqual(['succeeded', 2]);
      expect(plannedOf(deployment)?.replaces).toMatchObject({ round: 1, because });
      expect(await world.gate(id, 'client')).toMatchObject({
        status: 'approved',
        round: 2,
        carried: [{ round: 1 }],
        voided: [],
        decisions: [{ by: CAROL, digest: plannedOf(deployment)?.replaces?.digest }],
      });
      const story = await world.story(id);
      expect(story.filter((type) => type === 'approvals-carried')).toHaveLength(2);
      expect(story.filter((type) => type === 'approval-requested')).toHaveLength(2);
      expect(world.builds.applied.at(-1)).toEqual({ deploymentId: id, digest: plannedOf(deployment)?.digest });
    },
  );

  test('is young enough up to the age that the policy says', async () => {
    await world.furnish({ policy: { production: { planMaxAgeSeconds: 2 * DAY } } });
    const id = await approved();
    world.surroundings.advance(2 * DAY);
    await world.workflow.run(id);
    expect(await roundOf(id)).toBe(1);
  });

  test('made again with other files that are applied with it has no approvals, although it would change the same', async () => {
    world.builds.terraform = ({ round }) => ({
      plan: 'changes',
      apply: 'succeeds',
      content: String(round).repeat(64),
    });
    const id = await approved();
    changeState('prod1');
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('awaiting_approval');
    expect(await world.gate(id, 'staff')).toMatchObject({ status: 'open', decisions: [], voided: [{ by: ALICE }] });
  });

  test.each(['stage1', 'prod1'])(
    'made again with a module of other content has no approvals, although all else is the same: %s',
    async (environment) => {
      const web = (content: string) => ({ name: 'web', content, source: 'git::https://git.example/web?ref=main' });
      const rounds = ['v1', 'v2', 'v2'];
      world.builds.terraform = (deployment) => ({
        plan: 'changes',
        apply: 'succeeds',
        content: '7'.repeat(64),
        modules:
          deployment.environment === environment
            ? [web(rounds[deployment.round - 1] ?? 'v2')]
            : [web('v1'), { ...web('v2'), name: 'other' }],
      });
      const people = environment === 'prod1' ? [ALICE, CAROL] : [ALICE];
      release = await world.release();
      await world.bring(release, environment === 'prod1' ? 'stage1' : 'dev1');
      const id = await world.deploy(environment, release);
      for (const round of [1, 2]) {
        for (const email of people) {
          await world.workflow.run(id);
          expect([await world.statusOf(id), await roundOf(id)]).toEqual(['awaiting_approval', round]);
          await world.decide(id, email);
        }
        expect(await world.gate(id, 'staff')).toMatchObject({
          decisions: [{ by: ALICE }],
          voided: round === 1 ? [] : [{ by: ALICE }],
        });
        await world.workflow.runTo(id, 'CheckPlan');
        changeState(environment);
      }
      // The third plan has the modules of the second, and keeps the approvals of that.
      await world.workflow.run(id);
      expect([await world.statusOf(id), await roundOf(id)]).toEqual(['succeeded', 3]);
    },
  );

  test('made again with another meaning has no approvals: people are asked again, and only theirs count', async () => {
    plans('changes', 'other-changes');
    const id = await approved();
    const mailsBefore = world.mail.sent.length;
    changeState('prod1');
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('awaiting_approval');
    expect(await world.gate(id, 'staff')).toMatchObject({
      status: 'open',
      round: 2,
      decisions: [],
      carried: [],
      voided: [{ by: ALICE, decision: 'approve' }],
    });
    expect(await world.gate(id, 'client')).toMatchObject({ status: 'void', decisions: [], voided: [{ by: CAROL }] });
    expect(world.mail.sent.slice(mailsBefore).map(({ to }) => to)).toEqual([ALICE, BOB]);

    const first = plannedOf(await world.deployment(id))?.replaces?.digest ?? '';
    await expect(world.decide(id, ALICE, 'approve', first)).rejects.toThrow(/the decision is about plan/);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await world.decide(id, DAVE);
    await world.workflow.run(id);
    expect([await world.statusOf(id), await roundOf(id)]).toEqual(['succeeded', 2]);
  });

  test('made again with another meaning can be canceled while people are asked again', async () => {
    plans('changes', 'other-changes');
    const id = await approved();
    changeState('prod1');
    await world.workflow.run(id);
    expect(await world.gate(id, 'client')).toMatchObject({ status: 'void' });
    await world.cancel(id);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('canceled');
    expect(await world.gate(id, 'staff')).toMatchObject({ status: 'canceled' });
  });

  test('made again without changes has nothing to apply', async () => {
    plans('changes', 'no-changes');
    const id = await approved();
    changeState('prod1');
    const before = world.builds.applied.length;
    await world.workflow.run(id);
    expect(await world.deployment(id)).toMatchObject({ status: 'succeeded', planned: { hasChanges: false, round: 2 } });
    expect(world.builds.applied).toHaveLength(before);
    const proof = { application: 'my-app', environment: 'prod1', release: 1 };
    expect(await world.store.get('outcome', proof)).toMatchObject({ succeeded: true, passed: true, deploymentId: id });
  });

  test('keeps approvals that are too few by now, and asks for the others', async () => {
    const id = await approved();
    await world.furnish({ policy: { production: { staff: 2 } } });
    changeState('prod1');
    await world.workflow.run(id);
    expect(await world.gate(id, 'staff')).toMatchObject({ status: 'open', required: 2, decisions: [{ by: ALICE }] });
    expect(world.mail.sent.at(-1)?.to).toBe(BOB);
    await world.decide(id, BOB);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  test(`that goes stale ${MOST_ROUNDS} times fails and says why`, async () => {
    plans('changes');
    const id = await approved();
    for (let round = 1; round < 10 && (await world.statusOf(id)) !== 'failed'; round++) {
      plans(...Array.from({ length: round }, (_, index): PlanKind => (index % 2 ? 'changes' : 'other-changes')));
      changeState('prod1');
      await world.workflow.run(id);
      if ((await world.gate(id, 'staff'))?.status !== 'open') continue;
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      await world.decide(id, CAROL);
    }
    expect(await world.deployment(id)).toMatchObject({
      status: 'failed',
      round: MOST_ROUNDS,
      applied: 'no',
      error: { reason: 'plan-stale', message: expect.stringMatching(/3 times.*state was changed/) },
    });
    expect(await world.holderOf('prod1')).toBeUndefined();
  });

  test('that nobody wants any more is not made again', async () => {
    const id = await approved();
    await world.cancel(id);
    changeState('prod1');
    await world.workflow.run(id);
    expect([await world.statusOf(id), await roundOf(id)]).toEqual(['canceled', 1]);
  });
});

describe('a plan that Terraform refuses as stale', () => {
  test('takes the same way', async () => {
    const id = await approved();
    await world.workflow.step(id);
    expect(world.workflow.stateOf(id)).toBe('ConsumePlan');
    changeState('prod1');
    await world.workflow.run(id);
    const deployment = await world.deployment(id);
    expect([deployment.status, await roundOf(id)]).toEqual(['succeeded', 2]);
    expect(plannedOf(deployment)?.replaces?.because).toBe('refused-as-stale');
  });

  test('does so without gates too, and fails after three rounds', async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'is-stale' });
    const id = await world.deploy('dev1', await world.release());
    const { status } = await world.finish(id);
    expect(status).toBe('failed');
    expect(await world.deployment(id)).toMatchObject({
      round: MOST_ROUNDS,
      applied: 'no',
      error: { reason: 'plan-stale', message: expect.stringContaining('the plan was made 3 times') },
    });
  });

  test('gives back the lift it had used, and uses it once', async () => {
    const where = { application: 'my-app', environment: 'prod1' };
    await liftProtection(world, where, { address: 'prod1', reason: 'the client moves out' }, { principal: 'x' });
    await world.bring(release, 'prod1');
    const id = await world.deploy('prod1', release, { operation: 'destroy' });
    await world.workflow.run(id);
    for (const email of [ALICE, CAROL]) {
      await world.decide(id, email);
      if (email === ALICE) await world.workflow.run(id);
    }
    await world.workflow.runTo(id, 'Apply');
    changeState('prod1');
    await world.workflow.run(id);
    expect([await world.statusOf(id), await roundOf(id)]).toEqual(['succeeded', 2]);
    const lifts = await world.store.get('protectionLifts', { ...where, address: 'prod1' });
    expect(lifts?.lifts).toMatchObject([{ usedBy: { deploymentId: id } }]);
  });

  test('is told from an apply that failed by what the build left, not by what it did', async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'fails' });
    const id = await world.deploy('dev1', await world.release());
    expect(await world.finish(id)).toMatchObject({ status: 'failed', round: 1, applied: 'partly' });
  });
});

describe('repeated and raced', () => {
  test('the check of a stale plan begins one round, however often it is made', async () => {
    const id = await approved();
    changeState('prod1');
    const first = await checkPlan(world, id);
    expect(await checkPlan(world, id)).toEqual(first);
    expect(await world.deployment(id)).toMatchObject({ status: 'planning', round: 2 });
  });

  test('two checks at once begin one round', async () => {
    const id = await approved();
    changeState('prod1');
    await Promise.allSettled([checkPlan(world, id), checkPlan(world, id)]);
    expect((await world.deployment(id)).round).toBe(2);
  });

  test('the inspection of a refused apply begins one round, and each round has builds of its own', async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'is-stale' });
    const id = await world.deploy('dev1', await world.release());
    await world.workflow.runTo(id, 'InspectFailedApply');
    const first = await inspectFailedApply(world, id);
    expect(await inspectFailedApply(world, id)).toEqual(first);
    expect(first).toEqual({ outcome: 'stale' });
    const { plan } = await preparePlan(world, id);
    expect(plan.IdempotencyToken).toBe(`${id}-plan-2`);
    expect(plan.EnvironmentVariablesOverride.find(({ Name }) => Name === 'STAGEGATE_RUN_PREFIX')?.Value).toMatch(
      /\/2\/$/,
    );
  });

  test('the plan of the round before cannot be consumed any more', async () => {
    plans('changes', 'other-changes');
    const id = await approved();
    changeState('prod1');
    await checkPlan(world, id);
    await expect(consumePlan(world, id, { canWait: true })).rejects.toThrow(NotHolderError);
    await expect(requestApproval(world, id, 'staff')).rejects.toThrow(NotHolderError);
    expect((await world.deployment(id)).status).toBe('planning');
  });

  test('no round begins beyond the last', async () => {
    const id = await approved();
    await world.write('deployment', { ...(await world.deployment(id)), round: MOST_ROUNDS });
    changeState('prod1');
    await expect(checkPlan(world, id)).rejects.toThrow(PlanStaleError);
    expect(await world.statusOf(id)).toBe('awaiting_approval');
  });
});
