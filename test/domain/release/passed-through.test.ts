import { beforeEach, describe, expect, test } from '@jest/globals';
import { viewDeployment } from '../../../lambdas/domain/deployment/deployment-view.ts';
import { withSuccess } from '../../../lambdas/domain/model/environment-state.ts';
import { outcomeAfter, standingOf } from '../../../lambdas/domain/model/passed-through.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { viewRelease } from '../../../lambdas/domain/release/release-view.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { aDeployment, anEnvironmentState, anOutcome, aPlanned } from '../../harness/builders.ts';
import type { Terraform } from '../../harness/simulated-builds.ts';
import { ALICE, World } from '../../harness/world.ts';

describe('what became of a release', () => {
  let world: World;
  let release: number;
  beforeEach(async () => {
    world = await World.open();
    release = await world.release();
  });
  const terraform = (plan: Terraform['plan'], apply: Terraform['apply'] = 'succeeds') => {
    world.builds.terraform = () => ({ plan, apply });
  };
  const shown = async (number = release) => {
    const found = await world.store.get('release', { application: 'my-app', number });
    if (!found) throw new Error(`there is no release ${number}`);
    return viewRelease(world.store, found);
  };
  const standings = async (number?: number) =>
    (await shown(number)).environments.map(({ environment, state }) => `${environment} ${state}`);

  test('nothing is said of environments to which it was not deployed', async () => {
    expect(await shown()).toMatchObject({ succeededIn: [], environments: [] });
  });

  test('applied and passed through are told apart, in the order of the pipeline, and both count', async () => {
    await world.succeed('dev1', release);
    terraform('no-changes', 'fails');
    await world.succeed('stage1', release);
    expect(await standings()).toEqual(['dev1 applied', 'stage1 passed']);
    expect((await shown()).succeededIn.map(({ environment }) => environment)).toEqual(['dev1', 'stage1']);
    await world.deploy('prod1', release);
  });

  test('the deployment, what is deployed and the event say passed through', async () => {
    const applied = await world.succeed('dev1', release);
    terraform('no-changes', 'fails');
    const passed = await world.succeed('stage1', release);
    for (const [id, environment, passedThrough] of [
      [applied, 'dev1', false],
      [passed, 'stage1', true],
    ] as const) {
      const deployment = await world.deployment(id);
      expect(await viewDeployment(world.store, deployment, undefined)).toMatchObject({ passedThrough });
      expect((await world.state(environment)).deployed).toMatchObject({ deploymentId: id, passed: passedThrough });
      const story = await listAll(world.store, LISTINGS.events(id));
      expect(story.find(({ type }) => type === 'succeeded')?.details).toEqual(
        passedThrough ? { passedThrough: true } : undefined,
      );
      const events = world.events.published.filter(({ name }) => name === 'DeploymentSucceeded');
      expect(events.find(({ detail }) => 'deploymentId' in detail && detail.deploymentId === id)?.detail).toMatchObject(
        {
          changes: !passedThrough,
          passedThrough,
        },
      );
    }
  });

  test.each([
    ['plan', 'failed', { plan: 'fails', apply: 'fails' }],
    ['apply', 'failed', { plan: 'changes', apply: 'fails' }],
  ] as const)('a first deployment whose %s fails is shown, and proves nothing', async (_, state, builds) => {
    terraform(builds.plan, builds.apply);
    const id = await world.deploy('dev1', release);
    await world.finish(id);
    expect((await shown()).environments).toMatchObject([{ environment: 'dev1', state, deploymentId: id }]);
    expect((await shown()).succeededIn).toEqual([]);
    await expect(world.deploy('stage1', release)).rejects.toMatchObject({ refusal: 'not-succeeded-before' });
  });

  test('a failure after a pass is shown in its place, and a pass after a failure', async () => {
    terraform('no-changes');
    await world.succeed('dev1', release);
    terraform('fails');
    await world.finish(await world.deploy('dev1', release));
    expect(await standings()).toEqual(['dev1 failed']);
    terraform('no-changes');
    await world.succeed('dev1', release);
    expect(await standings()).toEqual(['dev1 passed']);
  });

  test.each([
    ['changes', 'applied, '],
    ['no-changes', 'passed through, '],
  ] as const)('approvers read of it in their mail: %s', async (plan, words) => {
    await world.succeed('dev1', release);
    terraform(plan);
    await world.succeed('stage1', release);
    terraform('changes');
    await world.workflow.run(await world.deploy('prod1', release));
    expect(world.mail.sent.at(-1)?.body).toContain(`\n  In stage1     ${words}`);
  });

  test('nobody reads of another environment in the mail about a rollback', async () => {
    await world.bring(release, 'stage1');
    await world.bring(await world.release(), 'stage1');
    await world.workflow.run(await world.rollBack('stage1', release));
    expect(world.mail.sent.at(-1)?.body).not.toContain('\n  In dev1');
  });

  test('a rejection is shown as one', async () => {
    await world.bring(release, 'stage1');
    const id = await world.deploy('prod1', release);
    await world.workflow.run(id);
    await world.decide(id, ALICE, 'reject');
    await world.finish(id);
    expect((await shown()).environments.at(-1)).toMatchObject({
      environment: 'prod1',
      state: 'rejected',
      deploymentId: id,
    });
  });

  test('a deployment under way is shown as open, one behind it as queued', async () => {
    await world.succeed('dev1', release);
    const again = await world.deploy('dev1', release);
    const next = await world.release();
    const waiting = await world.deploy('dev1', next);
    expect((await shown()).environments).toMatchObject([{ state: 'open', deploymentId: again }]);
    expect((await shown(next)).environments).toEqual([
      { environment: 'dev1', state: 'queued', deploymentId: waiting, at: null },
    ]);
    expect((await shown()).succeededIn).toMatchObject([{ environment: 'dev1' }]);
  });

  test('an ending that says nothing about the release is shown only where there is no verdict', async () => {
    await world.bring(release, 'stage1');
    const cancel = async () => {
      const id = await world.deploy('stage1', next);
      await world.workflow.run(id);
      await world.cancel(id);
      await world.finish(id);
      return id;
    };
    const next = await world.release();
    await world.succeed('dev1', next);
    const canceled = await cancel();
    expect((await shown(next)).environments.at(-1)).toMatchObject({ state: 'canceled', deploymentId: canceled });
    const latest = await cancel();
    expect((await shown(next)).environments.at(-1)).toMatchObject({ state: 'canceled', deploymentId: latest });
    await expect(world.deploy('prod1', next)).rejects.toMatchObject({ refusal: 'not-succeeded-before' });
    const succeeded = await world.succeed('stage1', next);
    await cancel();
    expect((await shown(next)).environments.at(-1)).toMatchObject({ state: 'applied', deploymentId: succeeded });
    await world.deploy('prod1', next);
  });

  test('a rollback withdraws a pass as well, and says so', async () => {
    await world.bring(release, 'stage1');
    const newer = await world.release();
    terraform('no-changes');
    await world.bring(newer, 'stage1');
    terraform('changes');
    await world.succeed('stage1', release, { operation: 'rollback' });
    expect(await standings(newer)).toEqual(['dev1 passed', 'stage1 withdrawn']);
    expect(await standings(release)).toEqual(['dev1 applied', 'stage1 applied']);
  });

  test('a destruction says nothing about the release and passes nothing through', async () => {
    await world.succeed('dev1', release);
    terraform('no-changes');
    const id = await world.succeed('dev1', release, { operation: 'destroy' });
    expect(await viewDeployment(world.store, await world.deployment(id), undefined)).toMatchObject({
      passedThrough: false,
    });
    expect(await standings()).toEqual(['dev1 applied']);
  });
});

describe('a block for what the plan brings', () => {
  const again = {
    ending: 'blocked',
    isVerdict: false,
    release: 1,
    success: 0,
    at: '2026-11-30T00:00:00.000Z',
  } as const;
  const ended = { ...aDeployment('blocked'), id: 'my-app-stage1-9-abcdef' };

  test('takes the place of an earlier block, so that the latest deployment is shown', () => {
    const before = anOutcome({ succeeded: false, success: 0, ending: 'blocked' });
    expect(outcomeAfter(before, { ...again, ended })).toMatchObject({ ending: 'blocked', deploymentId: ended.id });
  });

  test.each(['succeeded', 'failed', 'rejected'] as const)('does not take the place of a verdict: %s', (ending) => {
    const before = anOutcome({ succeeded: ending === 'succeeded', ending });
    expect(outcomeAfter(before, { ...again, ended })).toBeUndefined();
  });
});

describe('a record from before the two were told apart', () => {
  const state = anEnvironmentState({ successes: 3 });

  test.each([
    ['a success', anOutcome({ success: 2 }), 'succeeded'],
    ['another ending', anOutcome({ succeeded: false, success: 0 }), 'unsuccessful'],
    ['a success that was withdrawn', anOutcome({ success: 2, release: 9 }), 'withdrawn'],
  ])('says of %s what is known', (_, outcome, standing) => {
    expect(standingOf({ ...state, rollbacks: [{ to: 5, until: 3 }] }, outcome)).toBe(standing);
  });

  test('of what is deployed is followed by one that says it', () => {
    const planned = aPlanned({ hasChanges: false });
    expect(withSuccess(state, aDeployment('succeeded', { planned }), []).deployed).toMatchObject({ passed: true });
  });
});
