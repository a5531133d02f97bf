import { beforeEach, describe, expect, test } from '@jest/globals';
import { redeemingBuild } from '../../../lambdas/domain/build/apply-ticket.ts';
import { MOST_ATTEMPTS } from '../../../lambdas/domain/build/attempt.ts';
import { giveBackPlan } from '../../../lambdas/domain/build/give-back-plan.ts';
import { applyPrefix, runPrefix } from '../../../lambdas/domain/build/run-prefix.ts';
import { inspectFailedApply } from '../../../lambdas/domain/deployment/inspect-failed-apply.ts';
import { releaseByHand } from '../../../lambdas/domain/deployment/release-by-hand.ts';
import { plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { ALICE, TOOLING, World } from '../../harness/world.ts';

const LOST = { error: 'CodeBuild.CodeBuildException', when: 'after' } as const;
const DOWN = { error: 'CodeBuild.SdkClientException', when: 'before' } as const;
const FULL = { error: 'CodeBuild.AccountLimitExceededException', when: 'before' } as const;
const DENIED = { error: 'CodeBuild.AccessDeniedException', when: 'before' } as const;
/** Starts of one attempt that are not answered: the first, and those with the same token after it. */
const STARTS = 11;

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('a start that is not answered', () => {
  let world: World;
  /** A deployment to stage1 that waits for its approval. */
  let id: string;
  beforeEach(async () => {
    world = await World.open();
    await world.succeed('dev1', await world.release());
    id = await world.deploy('stage1', 1);
  });

  const approve = async () => {
    await world.workflow.run(id);
    await world.decide(id, ALICE);
  };
  const applied = () => world.builds.applied.filter(({ deploymentId }) => deploymentId === id);
  const audit = async () => (await listAll(world.store, LISTINGS.audit('my-app', 'ascending'))).map(({ type }) => type);
  const pass = async () => {
    world.surroundings.advance(300);
    await world.workflow.run(id);
  };
  /** Lets the execution come to the end of an attempt, after which it waits before the next. */
  const giveUp = async (fault: typeof LOST | typeof DOWN = LOST) => {
    world.builds.startFaults.push(...times(STARTS, fault));
    await world.workflow.run(id);
  };

  test('leads to the same build, if the token is still known', async () => {
    await approve();
    world.builds.startFaults.push(LOST, FULL, DOWN);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
    expect(applied()).toHaveLength(1);
    expect(world.builds.of(id).filter((build) => build.includes('apply'))).toHaveLength(1);
  });

  test('of a plan is followed by an attempt with another token, ticket and run', async () => {
    const { runSecret } = await world.deployment(id);
    await giveUp();
    expect(world.workflow.stateOf(id)).toBe('WaitForPlan');
    const [orphan = ''] = world.builds.of(id);
    world.builds.forgetTokens();
    await pass();
    const deployment = await world.deployment(id);
    expect(deployment).toMatchObject({ status: 'awaiting_approval', attempt: 2 });
    expect(runPrefix(deployment)).not.toContain(runSecret);
    expect(await world.builds.redeem(orphan)).toBe(false);
    expect(await world.builds.statusOf(orphan)).toBe('running');
  });

  test('of a plan whose lost build has its credentials already takes them from it', async () => {
    await giveUp();
    const [orphan = ''] = world.builds.of(id);
    expect(await world.builds.redeem(orphan)).toBe(true);
    world.builds.forgetTokens();
    await pass();
    expect(await world.builds.redeem(orphan)).toBe(false);
    expect(await world.statusOf(id)).toBe('awaiting_approval');
  });

  test('of an inspection is followed by a plan that is made anew', async () => {
    await world.workflow.runTo(id, 'Inspect');
    await giveUp();
    expect(world.workflow.stateOf(id)).toBe('WaitForPlan');
    world.builds.forgetTokens();
    await pass();
    expect(await world.deployment(id)).toMatchObject({ status: 'awaiting_approval', attempt: 2 });
  });

  test('of a plan ends the deployment after the last attempt', async () => {
    for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt++) {
      await giveUp(DOWN);
      world.surroundings.advance(300);
    }
    await giveUp(DOWN);
    await pass();
    expect(await world.deployment(id)).toMatchObject({ status: 'failed', applied: 'no' });
    expect(await world.reasonOf(id)).toBe('build-not-started');
    expect(await world.holderOf('stage1')).toBeUndefined();
  });

  test('of a plan is followed by no other attempt if somebody cancels the deployment meanwhile', async () => {
    await giveUp(DOWN);
    await world.cancel(id);
    await pass();
    expect(await world.deployment(id)).toMatchObject({ status: 'canceled', error: { reason: 'canceled' } });
    expect(world.builds.of(id)).toEqual([]);
    expect(await world.holderOf('stage1')).toBeUndefined();
  });

  test.each(['Plan', 'Apply'])('is none if CodeBuild denies it in %s: the deployment fails at once', async (state) => {
    if (state === 'Apply') await approve();
    world.builds.startFaults.push(DENIED);
    await world.workflow.run(id);
    expect(await world.deployment(id)).toMatchObject({ status: 'failed', applied: 'no', error: { state } });
    expect(await world.reasonOf(id)).toBe('build-not-started');
    expect(await world.store.get('consumedPlan', { digest: plannedOf(await world.deployment(id))?.digest ?? '' })).toBe(
      undefined,
    );
  });

  describe('of an apply that has not begun', () => {
    beforeEach(approve);

    test('gives the plan back, as if it had not been consumed', async () => {
      await world.workflow.runTo(id, 'ConsumePlan');
      const { status: _before, ...before } = await world.deployment(id);
      const state = await world.state('stage1');
      await giveUp();
      expect(world.workflow.stateOf(id)).toBe('WaitForApply');
      const { status, ...after } = await world.deployment(id);
      expect(after).toEqual({ ...before, attempt: 2 });
      expect(status).toBe('planning');
      expect(await world.state('stage1')).toEqual(state);
      const digest = plannedOf(await world.deployment(id))?.digest ?? '';
      expect(await world.store.get('consumedPlan', { digest })).toBeUndefined();
      expect((await audit()).slice(-2)).toEqual(['plan-consumed', 'plan-given-back']);
    });

    test('is applied by the next attempt, and the build that comes late gets nothing', async () => {
      await giveUp();
      const orphan = world.builds.of(id).at(-1) ?? '';
      world.builds.forgetTokens();
      await pass();
      expect(await world.statusOf(id)).toBe('succeeded');
      expect(applied()).toHaveLength(1);
      expect(await world.builds.end(orphan)).toBe('FAILED');
      expect(applied()).toHaveLength(1);
      expect(await audit()).toContain('credentials-refused');
    });

    test('is applied by the next attempt, after a late build has claimed its own run', async () => {
      await giveUp();
      expect(await world.builds.end(world.builds.of(id).at(-1) ?? '')).toBe('FAILED');
      world.builds.forgetTokens();
      await pass();
      expect(await world.statusOf(id)).toBe('succeeded');
      expect(applied()).toHaveLength(1);
    });

    test('fails after the last attempt: nothing was applied, and the plan is given back', async () => {
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
        await giveUp(DOWN);
        world.surroundings.advance(300);
      }
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject({ status: 'failed', applied: 'no' });
      expect(await world.reasonOf(id)).toBe('build-not-started');
      expect(applied()).toEqual([]);
      expect((await world.state('stage1')).newestStarted).toBe(0);
      expect(await world.holderOf('stage1')).toBeUndefined();
    });

    test('is canceled by a request in the meantime', async () => {
      await giveUp(DOWN);
      await world.cancel(id);
      await pass();
      expect(await world.statusOf(id)).toBe('canceled');
      expect(applied()).toEqual([]);
    });

    test('is planned again if the state has changed in the meantime', async () => {
      await giveUp(DOWN);
      world.states.change(plannedOf(await world.deployment(id))?.stateAddress ?? { bucket: '', key: '', region: '' });
      await pass();
      expect(await world.deployment(id)).toMatchObject({ round: 2 });
    });

    test('gives back the hold of a rollback, and leaves one that somebody has set since', async () => {
      await world.finish(id);
      const back = await world.rollBack('stage1', 1).catch(() => undefined);
      expect(back).toBeUndefined();
      await world.succeed('dev1', await world.release());
      await world.succeed('stage1', 2);
      id = await world.rollBack('stage1', 1);
      await approve();
      await giveUp();
      expect((await world.state('stage1')).hold).toBeNull();
      world.builds.forgetTokens();
      await world.workflow.runTo(id, 'CheckPlan').catch(() => undefined);
      world.surroundings.advance(60);
      await world.workflow.runTo(id, 'Apply');
      expect((await world.state('stage1')).hold).toMatchObject({ reason: 'rolled back to release 1' });
      const hold = { reason: 'storm', by: TOOLING, at: '2026-11-24T10:00:00.000Z' };
      await world.changeState('stage1', { hold });
      expect(await giveBackPlan(world, id)).toBe(true);
      expect((await world.state('stage1')).hold).toEqual(hold);
    });
  });

  describe('of an apply that has begun', () => {
    let build: string;
    beforeEach(async () => {
      await approve();
      await world.workflow.runTo(id, 'Apply');
      world.builds.startFaults.push(LOST, ...times(STARTS - 1, DOWN));
      await world.workflow.step(id);
      build = world.builds.of(id).at(-1) ?? '';
      expect(await world.builds.redeem(build)).toBe(true);
      await world.workflow.run(id);
    });

    test('is waited for, holding the environment', async () => {
      expect(world.workflow.stateOf(id)).toBe('WaitForApplyEnd');
      await pass();
      expect(world.workflow.stateOf(id)).toBe('WaitForApplyEnd');
      expect([await world.statusOf(id), await world.holderOf('stage1')]).toEqual(['applying', id]);
      expect(await redeemingBuild(world.store, await world.deployment(id))).toEqual([build]);
    });

    test.each([
      ['succeeds', 'succeeded'],
      ['fails', 'failed'],
    ] as const)('that %s has %s', async (apply, status) => {
      world.builds.terraform = () => ({ plan: 'changes', apply });
      await world.builds.end(build);
      await pass();
      expect(await world.deployment(id)).toMatchObject({ status, ...(status === 'failed' && { applied: 'partly' }) });
      expect(applied()).toHaveLength(1);
      expect(await world.holderOf('stage1')).toBeUndefined();
    });

    test('that finds its plan stale is planned again', async () => {
      world.builds.terraform = () => ({ plan: 'changes', apply: 'is-stale' });
      await world.builds.end(build);
      world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
      await pass();
      expect(await world.deployment(id)).toMatchObject({ round: 2 });
    });

    test('that is killed says that its outcome is unknown', async () => {
      await world.artifacts.putJson(`${applyPrefix(await world.deployment(id))}apply/started.json`, {});
      world.builds.endAll();
      await pass();
      expect(await world.deployment(id)).toMatchObject({ status: 'failed', applied: 'unknown' });
      expect(await world.reasonOf(id)).toBe('apply-interrupted');
    });

    test('that only says it has succeeded is not believed before CodeBuild says so', async () => {
      const result = { ok: true, applied: 'yes', resources: 1 };
      await world.artifacts.putJson(`${applyPrefix(await world.deployment(id))}apply/result.json`, result);
      world.builds.endAll();
      await pass();
      expect(await world.deployment(id)).toMatchObject({ status: 'failed', applied: 'yes' });
      expect(await world.reasonOf(id)).toBe('workflow-failed');
    });

    test('is left alone by the reconciler while it runs, when its execution was stopped', async () => {
      await world.workflow.abort(id);
      expect(await world.reconcile()).toMatchObject([{ deploymentId: id, action: 'left-alone' }]);
      expect(await world.holderOf('stage1')).toBe(id);
      await expect(releaseByHand(world, id, { by: TOOLING, reason: 'gone' })).rejects.toMatchObject({
        refusal: 'still-running',
      });
      await world.builds.end(build);
      expect(await world.reconcile()).toMatchObject([{ deploymentId: id, action: 'ended' }]);
      expect(await world.holderOf('stage1')).toBeUndefined();
      expect(applied()).toHaveLength(1);
    });
  });

  test('of an apply, stopped before anybody could look, gives the plan back and the environment', async () => {
    await approve();
    await world.workflow.runTo(id, 'Apply');
    world.builds.startFaults.push(LOST);
    await world.workflow.step(id);
    await world.workflow.abort(id);
    const orphan = world.builds.of(id).at(-1) ?? '';
    expect(await world.reconcile()).toMatchObject([{ deploymentId: id, action: 'ended' }]);
    expect(await world.deployment(id)).toMatchObject({ status: 'failed', applied: 'no' });
    expect(await world.reasonOf(id)).toBe('apply-interrupted');
    expect((await audit()).slice(-1)).toEqual(['plan-given-back']);
    expect(await world.builds.end(orphan)).toBe('FAILED');
    expect(applied()).toEqual([]);
  });

  test('of an apply, released by hand, is no apply any more, and leaves nothing of one', async () => {
    await approve();
    await world.workflow.runTo(id, 'ConsumePlan');
    const { newestStarted } = await world.state('stage1');
    await world.workflow.runTo(id, 'Apply');
    world.builds.startFaults.push(LOST);
    await world.workflow.step(id);
    await world.workflow.abort(id);
    expect(await releaseByHand(world, id, { by: TOOLING, reason: 'gone' })).toMatchObject({
      status: 'failed',
      applied: 'no',
      error: { reason: 'released-by-hand' },
    });
    const digest = plannedOf(await world.deployment(id))?.digest ?? '';
    expect(await world.store.get('consumedPlan', { digest })).toBeUndefined();
    expect((await world.state('stage1')).newestStarted).toBe(newestStarted);
    expect(await world.builds.end(world.builds.of(id).at(-1) ?? '')).toBe('FAILED');
    expect(applied()).toEqual([]);
  });

  test('gives the plan back once, whether the build redeems its ticket at the same time or not', async () => {
    await approve();
    await world.workflow.runTo(id, 'Apply');
    world.builds.startFaults.push(LOST);
    await world.workflow.step(id);
    const build = world.builds.of(id).at(-1) ?? '';
    const [isGivenBack, isRedeemed] = await Promise.all([giveBackPlan(world, id), world.builds.redeem(build)]);
    expect(isGivenBack).toBe(!isRedeemed);
    expect(await world.statusOf(id)).toBe(isRedeemed ? 'applying' : 'planning');
  });

  test('is told to an older definition as it knows it: failed, and nothing is given back', async () => {
    await approve();
    await world.workflow.runTo(id, 'Apply');
    expect(await inspectFailedApply(world, id)).toEqual({ outcome: 'failed' });
    expect(await world.statusOf(id)).toBe('applying');
  });

  test('is looked into twice with the same answer', async () => {
    await approve();
    await world.workflow.runTo(id, 'Apply');
    const both = [await inspectFailedApply(world, id, LOST.error), await inspectFailedApply(world, id, LOST.error)];
    expect(both).toEqual([{ outcome: 'not-begun' }, { outcome: 'not-begun' }]);
    expect((await audit()).filter((type) => type === 'plan-given-back')).toHaveLength(1);
  });
});
