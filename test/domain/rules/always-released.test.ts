import { beforeEach, describe, expect, test } from '@jest/globals';
import { runPrefix } from '../../../lambdas/domain/build/run-prefix.ts';
import { runObjectKey } from '../../../lambdas/domain/contract/run-objects.ts';
import { recordEnding } from '../../../lambdas/domain/deployment/record-ending.ts';
import { releaseEnvironment } from '../../../lambdas/domain/deployment/release-environment.ts';
import type { Status } from '../../../lambdas/domain/model/deployment.ts';
import { reconcile, reconcileDeployment } from '../../../lambdas/domain/reconcile/reconcile.ts';
import { FakeBuilds } from '../../fakes/fake-builds.ts';
import { FakeWorkflow } from '../../fakes/fake-workflow.ts';
import { anApplication, anEnvironment, anEnvironmentState, aRelease } from '../../harness/builders.ts';
import { ALICE, World } from '../../harness/world.ts';

const MINUTE = 60;

describe('rule 8: every execution ends with the environment released', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.release();
    await world.release();
    for (const release of [1, 2]) await world.succeed('dev1', release);
  });

  const endings: readonly [Status, (id: string) => Promise<unknown>][] = [
    ['succeeded', (id) => world.decide(id, ALICE)],
    ['rejected', (id) => world.decide(id, ALICE, 'reject')],
    [
      'expired',
      async (id) => {
        world.surroundings.advance(8 * 24 * 3600);
        for (const state of ['AwaitStaffApproval', 'SettleStaffGate']) {
          expect(world.workflow.stateOf(id)).toBe(state);
          await world.workflow.step(id);
        }
      },
    ],
    ['canceled', (id) => world.cancel(id)],
    ['superseded', () => world.deploy('stage1', 2)],
  ];
  test.each(endings)('ended %s, it gives the environment to the next', async (status, end) => {
    const id = await world.deploy('stage1', 1);
    await world.workflow.run(id);
    await end(id);
    const next = await world.deploy('stage1', 2);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe(status);
    expect(await world.holderOf('stage1')).toBe(next);
    expect(world.workflow.executions.has(next)).toBe(true);
  });

  test.each([['plan'], ['apply']] as const)(
    'failed in its %s, it gives the environment to the next',
    async (failing) => {
      world.builds.terraform = ({ release }) => ({
        plan: release === 1 && failing === 'plan' ? 'fails' : 'changes',
        apply: release === 1 && failing === 'apply' ? 'fails' : 'succeeds',
      });
      const fresh = await World.open();
      fresh.builds.terraform = world.builds.terraform;
      for (const release of [1, 2]) expect(await fresh.release()).toBe(release);
      const [first, next] = [await fresh.deploy('dev1', 1), await fresh.deploy('dev1', 2)];
      expect((await fresh.finish(first)).status).toBe('failed');
      expect(await fresh.holderOf('dev1')).toBe(next);
      expect((await fresh.finish(next)).status).toBe('succeeded');
    },
  );

  describe('a failure says where, why and what was changed', () => {
    const failing = async (terraform: ReturnType<World['builds']['terraform']>) => {
      world.builds.terraform = () => terraform;
      return world.finish(await world.deploy('dev1', 2));
    };

    test('of a plan: the words of the build, nothing changed', async () => {
      expect(await failing({ plan: 'fails', apply: 'fails' })).toMatchObject({
        status: 'failed',
        applied: 'no',
        error: { reason: 'plan-failed', state: 'Plan', message: 'main.tf:1: no such attribute' },
      });
    });

    test('of an inspection: the words of the build, and its word for the cause; nothing changed', async () => {
      world.builds.terraform = () => ({ plan: 'changes', inspect: 'fails', apply: 'fails' });
      expect(await world.finish(await world.deploy('stage1', 2))).toMatchObject({
        status: 'failed',
        applied: 'no',
        error: {
          reason: 'bundle-refused',
          state: 'Inspect',
          message: 'the bundle has "main.tf", which the commit has',
        },
      });
    });

    test('of an apply: the words of the build, and how far it came', async () => {
      expect(await failing({ plan: 'changes', apply: 'fails' })).toMatchObject({
        status: 'failed',
        applied: 'partly',
        error: { reason: 'apply-failed', state: 'Apply', message: 'main.tf:2: refused' },
      });
    });

    test('of a stale plan: that reason, and the same release may be deployed again', async () => {
      expect(await failing({ plan: 'changes', apply: 'is-stale' })).toMatchObject({
        status: 'failed',
        applied: 'no',
        error: { reason: 'plan-stale' },
      });
      world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
      await world.succeed('dev1', 2);
    });

    const applying = async () => {
      const id = await world.deploy('dev1', 2);
      while ((await world.statusOf(id)) !== 'applying') await world.workflow.step(id);
      return { id, prefix: runPrefix(await world.deployment(id)) };
    };
    const caught = { state: 'Apply', error: 'States.TaskFailed', cause: 'stopped' };

    test('of an apply that was killed before it began: no', async () => {
      const { id } = await applying();
      await recordEnding(world, id, 'failed', caught);
      expect(await world.deployment(id)).toMatchObject({ applied: 'no', error: { reason: 'apply-interrupted' } });
    });

    test('of an apply that was killed on its way: unknown', async () => {
      const { id, prefix } = await applying();
      await world.artifacts.putJson(runObjectKey(prefix, 'applyStarted'), {});
      await recordEnding(world, id, 'failed', caught);
      expect(await world.deployment(id)).toMatchObject({ applied: 'unknown', error: { reason: 'apply-interrupted' } });
    });

    test('of what came after a complete apply: yes', async () => {
      const { id, prefix } = await applying();
      await world.artifacts.putJson(runObjectKey(prefix, 'applyStarted'), {});
      await world.artifacts.putJson(runObjectKey(prefix, 'applyResult'), { ok: true, applied: 'yes', resources: 3 });
      await recordEnding(world, id, 'failed', { ...caught, state: 'RecordOutputs' });
      expect(await world.deployment(id)).toMatchObject({ applied: 'yes', error: { state: 'RecordOutputs' } });
    });

    test('of a result nobody can read: as if there were none', async () => {
      const { id, prefix } = await applying();
      await world.artifacts.putJson(runObjectKey(prefix, 'applyStarted'), {});
      await world.artifacts.putJson(runObjectKey(prefix, 'applyResult'), { ok: 'perhaps' });
      await recordEnding(world, id, 'failed', caught);
      expect(await world.deployment(id)).toMatchObject({ applied: 'unknown' });
    });

    test.each([
      [
        'Plan',
        'FAILED',
        'DOWNLOAD_SOURCE',
        'reference is not a tree: 1234',
        'checkout-failed',
        'fetching the source (DOWNLOAD_SOURCE) failed: reference is not a tree: 1234',
      ],
      [
        'Plan',
        'TIMED_OUT',
        'BUILD',
        '',
        'timed-out',
        'the build took longer than it may, and was ended while it was running the build program (BUILD)',
      ],
      [
        'Inspect',
        'STOPPED',
        'BUILD',
        '',
        'stopped',
        'the build was stopped while it was running the build program (BUILD)',
      ],
      [
        'Plan',
        'FAULT',
        'PROVISIONING',
        'no machine',
        'workflow-failed',
        'preparing the machine of the build (PROVISIONING) failed: no machine',
      ],
    ])(
      'of a %s build that is %s in %s and left no result',
      async (state, BuildStatus, PhaseType, Message, reason, told) => {
        const id = await world.deploy('dev1', 2);
        const Phases = [{ PhaseType, PhaseStatus: BuildStatus, Contexts: [{ StatusCode: 'CLIENT_ERROR', Message }] }];
        const cause = JSON.stringify({ Build: { BuildStatus, Phases } });
        await recordEnding(world, id, 'failed', { state, error: 'States.TaskFailed', cause });
        expect(await world.deployment(id)).toMatchObject({
          status: 'failed',
          applied: 'no',
          error: { reason, state, message: `${state}: ${told}` },
        });
      },
    );

    test('of a build: its failing phase, out of the whole build in the cause', async () => {
      const { id } = await applying();
      const cause = JSON.stringify({
        BuildStatus: 'FAULT',
        Phases: [
          { PhaseType: 'DOWNLOAD_SOURCE', Contexts: [{ StatusCode: 'YAML_FILE_ERROR', Message: 'no such file' }] },
        ],
      });
      await recordEnding(world, id, 'failed', { ...caught, cause });
      const deployment = await world.deployment(id);
      expect('error' in deployment && deployment.error.message).toBe(
        'Apply: fetching the source (DOWNLOAD_SOURCE) failed: no such file',
      );
    });
  });

  describe('an ending is recorded once', () => {
    test.each(['succeeded', 'failed', 'canceled'] as const)(
      '%s after a failure answers the failure',
      async (ending) => {
        world.builds.terraform = () => ({ plan: 'fails', apply: 'fails' });
        const id = await world.deploy('dev1', 2);
        await world.finish(id);
        const before = await world.deployment(id);
        expect(await recordEnding(world, id, ending)).toBe('failed');
        expect(await world.deployment(id)).toEqual(before);
      },
    );

    test('a failure after a success answers the success, and the proof stays', async () => {
      const id = (await world.history('dev1'))[0]?.id ?? '';
      expect(await recordEnding(world, id, 'failed')).toBe('succeeded');
      await world.deploy('stage1', 2);
    });

    test('fails for a deployment that does not exist', async () => {
      await expect(recordEnding(world, 'my-app-dev1-9-abcdef', 'failed')).rejects.toMatchObject({
        name: 'NotFoundError',
      });
    });

    test('open gates of a deployment that ended are void', async () => {
      const id = await world.deploy('stage1', 1);
      await world.workflow.run(id);
      await recordEnding(world, id, 'failed');
      expect((await world.gate(id, 'staff'))?.status).toBe('void');
      await expect(world.decide(id, ALICE)).rejects.toMatchObject({ refusal: 'gate-not-open' });
    });
  });

  describe('releasing', () => {
    test('again changes nothing and starts a holder that was not started', async () => {
      const [first, next] = [await world.deploy('stage1', 1), await world.deploy('stage1', 2)];
      world.builds.terraform = () => ({ plan: 'no-changes', apply: 'fails' });
      await world.workflow.runTo(first, 'ReleaseEnvironment');
      world.workflow.isUnreachable = true;
      await expect(releaseEnvironment(world, first)).rejects.toThrow('crash');
      world.workflow.isUnreachable = false;
      expect(await world.holderOf('stage1')).toBe(next);
      expect(world.workflow.executions.has(next)).toBe(false);
      await releaseEnvironment(world, first);
      expect(world.workflow.executions.has(next)).toBe(true);
      expect(await world.holderOf('stage1')).toBe(next);
    });

    test('fails while the deployment is open', async () => {
      const id = await world.deploy('stage1', 1);
      await expect(releaseEnvironment(world, id)).rejects.toThrow('still planning');
      expect(await world.holderOf('stage1')).toBe(id);
    });

    test('by somebody who does not hold it leaves the holder in peace', async () => {
      const old = (await world.history('dev1'))[0]?.id ?? '';
      const id = await world.deploy('dev1', 2);
      await releaseEnvironment(world, old);
      expect(await world.holderOf('dev1')).toBe(id);
    });
  });

  test.each([
    'AcquireEnvironment',
    'Plan',
    'AnalyzePlan',
    'Inspect',
    'RequestStaffApproval',
    'AwaitStaffApproval',
    'SettleStaffGate',
    'ConsumePlan',
    'Apply',
    'RecordOutputs',
    'RecordSuccess',
    'AnnounceSuccess',
    'KeepTree',
    'ReleaseEnvironment',
  ])('stopped in %s, the environment is free again once the build is over', async (state) => {
    const id = await world.deploy('stage1', 1);
    for (let steps = 0; world.workflow.stateOf(id) !== state && steps < 50; steps++) {
      if (!world.workflow.canStep(id)) await world.decide(id, ALICE);
      else await world.workflow.step(id);
    }
    expect(world.workflow.stateOf(id)).toBe(state);
    await world.workflow.step(id);
    await world.workflow.abort(id);
    const next = await world.deploy('stage1', 2);
    if (world.builds.running.size > 0) {
      world.surroundings.advance(24 * 3600);
      expect(await world.reconcile()).toContainEqual(
        expect.objectContaining({ deploymentId: id, action: 'left-alone' }),
      );
      expect(await world.holderOf('stage1')).toBe(id);
      world.builds.endAll();
    }
    await world.reconcile();
    expect(['failed', 'succeeded', 'superseded']).toContain(await world.statusOf(id));
    expect(await world.holderOf('stage1')).toBe(next);
    expect((await world.finish(next)).status).toBe('succeeded');
  });
});

describe('the reconciler', () => {
  /** Makes a holder in a given status with an execution of a given kind, and a deployment that waits. */
  async function stuck(
    status: Status,
    execution: 'absent' | 'running' | 'failed' | 'aborted' | 'timed-out' | 'succeeded',
  ) {
    const world = await World.open();
    for (const release of [1, 2]) await world.succeed('dev1', await world.release().then(() => release));
    const id = await world.deploy('stage1', 1);
    const next = await world.deploy('stage1', 2, { automatic: true });
    world.builds.terraform = ({ release }) => ({ plan: 'changes', apply: release === 1 ? 'fails' : 'succeeds' });
    // The waiting deployment must not supersede the holder, because this tests the repair and not the queue.
    await world.change('stage1', { stage: 'production' });
    for (let steps = 0; (await world.statusOf(id)) !== status && steps < 50; steps++) {
      if (status === 'canceled' && steps === 0) await world.cancel(id);
      if (!world.workflow.canStep(id))
        await world.decide(id, world.workflow.stateOf(id) === 'AwaitStaffApproval' ? ALICE : 'carol@client.example');
      else await world.workflow.step(id);
    }
    expect(await world.statusOf(id)).toBe(status);
    const workflow = new FakeWorkflow();
    const builds = new FakeBuilds();
    if (execution !== 'absent') workflow.end(id, execution);
    workflow.buildIds.set(id, ['build-1']);
    world.surroundings.advance(61);
    return { world, id, next, workflow, builds, services: { ...world, store: world.store, workflow, builds } };
  }

  const open = ['planning', 'awaiting_approval', 'applying'] as const;
  const ended = ['failed', 'canceled'] as const;
  const dead = ['failed', 'aborted', 'timed-out', 'succeeded'] as const;

  test.each(open.flatMap((status) => dead.map((execution) => [status, execution] as const)))(
    'ends a deployment that is %s while its execution is %s, and hands the environment over',
    async (status, execution) => {
      const { world, id, next, workflow, services } = await stuck(status, execution);
      expect(await reconcileDeployment(services, id)).toMatchObject({ deploymentId: id, action: 'ended' });
      expect(await world.deployment(id)).toMatchObject({
        status: 'failed',
        error: { message: expect.stringContaining(`execution-${execution}`) },
      });
      expect(await world.holderOf('stage1')).toBe(next);
      expect(workflow.executions.has(next)).toBe(true);
      expect(world.events.names().filter((name) => name === 'DeploymentFailed')).toHaveLength(1);
    },
  );

  test.each(ended.flatMap((status) => [...dead, 'absent' as const].map((execution) => [status, execution] as const)))(
    'releases the environment of a deployment that ended %s while its execution is %s',
    async (status, execution) => {
      const { world, id, next, services } = await stuck(status, execution);
      expect(await reconcileDeployment(services, id)).toMatchObject({ deploymentId: id, action: 'released' });
      expect(await world.statusOf(id)).toBe(status);
      expect(await world.holderOf('stage1')).toBe(next);
    },
  );

  test.each([...open, ...ended].flatMap((status) => dead.map((execution) => [status, execution] as const)))(
    'touches nothing of a deployment that is %s with a %s execution while its build is in progress',
    async (status, execution) => {
      const { world, id, builds, services } = await stuck(status, execution);
      builds.inProgress.add('build-1');
      world.surroundings.advance(30 * 24 * 3600);
      expect(await reconcileDeployment(services, id)).toMatchObject({ deploymentId: id, action: 'left-alone' });
      expect(await world.statusOf(id)).toBe(status);
      expect(await world.holderOf('stage1')).toBe(id);
    },
  );

  test.each([...open, ...ended])('leaves a deployment alone that is %s while its execution runs', async (status) => {
    const { world, id, services } = await stuck(status, 'running');
    expect(await reconcileDeployment(services, id)).toBeUndefined();
    expect(await world.statusOf(id)).toBe(status);
    expect(await world.holderOf('stage1')).toBe(id);
  });

  test('starts a holder without an execution, but not within a minute', async () => {
    const world = await World.open();
    await world.release();
    world.workflow.isUnreachable = true;
    await expect(world.deploy('dev1', 1)).rejects.toThrow('crash');
    world.workflow.isUnreachable = false;
    const id = (await world.holderOf('dev1')) ?? '';
    world.surroundings.advance(MINUTE - 1);
    expect(await world.reconcile()).toEqual([]);
    expect(world.workflow.executions.has(id)).toBe(false);
    world.surroundings.advance(1);
    expect(await world.reconcile()).toMatchObject([{ deploymentId: id, action: 'started' }]);
    expect((await world.finish(id)).status).toBe('succeeded');
  });

  test('does not resume a gate that is open, nor one that was closed this moment', async () => {
    const world = await World.open();
    await world.succeed('dev1', await world.release());
    const id = await world.deploy('stage1', 1);
    await world.workflow.run(id);
    world.surroundings.advance(MINUTE);
    expect((await world.reconcile()).filter(({ deploymentId }) => deploymentId === id)).toEqual([]);
    world.workflow.isUnreachable = true;
    await expect(world.decide(id, ALICE)).rejects.toThrow('crash');
    world.workflow.isUnreachable = false;
    expect((await world.reconcile()).filter(({ deploymentId }) => deploymentId === id)).toEqual([]);
    world.surroundings.advance(10);
    expect(await world.reconcile()).toContainEqual(expect.objectContaining({ deploymentId: id, action: 'resumed' }));
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  test('hands over a queue that nobody holds', async () => {
    const world = await World.open();
    for (const release of [1, 2]) expect(await world.release()).toBe(release);
    await world.deploy('dev1', 1);
    const waiting = await world.deploy('dev1', 2);
    await world.changeState('dev1', { holder: null });
    expect(await world.reconcile()).toMatchObject([{ deploymentId: waiting, action: 'released' }]);
    expect(await world.holderOf('dev1')).toBe(waiting);
    expect((await world.finish(waiting)).status).toBe('succeeded');
  });

  test('has nothing to do where nothing is under way', async () => {
    const world = await World.open();
    await world.succeed('dev1', await world.release());
    await world.promote((await world.history('dev1'))[0]?.id ?? '');
    await world.cancel((await world.holderOf('stage1')) ?? '');
    await world.finish((await world.holderOf('stage1')) ?? '');
    world.surroundings.advance(24 * 3600);
    expect(await world.reconcile()).toEqual([]);
  });

  test('says nothing of an environment that became free while it was on its way', async () => {
    const world = await World.open();
    await world.release();
    const id = await world.deploy('dev1', 1);
    const inFlight = await world.store.list({
      kind: 'environmentState',
      index: 'gsi1',
      partition: 'IN_FLIGHT',
      order: 'ascending',
    });
    await world.finish(id);
    await world.promote(id);
    await world.finish((await world.holderOf('stage1')) ?? '');
    const stale = {
      get: world.store.get.bind(world.store),
      readAhead: world.store.readAhead.bind(world.store),
      transact: world.store.transact.bind(world.store),
      list: (async (listing: { partition: string }) =>
        listing.partition === 'IN_FLIGHT' ? inFlight : world.store.list(listing as never)) as World['store']['list'],
    };
    const { repairs } = await reconcile({ ...world, events: world.events, store: stale });
    expect(repairs).toEqual([]);
  });

  test('makes the promotion whose event was lost, once', async () => {
    const world = await World.open();
    const id = await world.succeed('dev1', await world.release());
    expect(await world.reconcile()).toEqual([]);
    world.surroundings.advance(MINUTE);
    expect(await world.reconcile()).toMatchObject([{ deploymentId: id, action: 'promoted' }]);
    expect(await world.reconcile()).toEqual([]);
    expect(await world.history('stage1')).toHaveLength(1);
    expect(await world.promote(id)).toBeUndefined();
  });

  test('mends the others when one environment cannot be mended, and says so', async () => {
    const world = await World.open();
    await world.write('application', anApplication({ name: 'broken' }));
    await world.write('environment', anEnvironment({ application: 'broken' }));
    const since = world.surroundings.now();
    const lost = { deploymentId: 'broken-dev1-1-abcdef', release: 1, operation: 'deploy' as const, since };
    await world.write('environmentState', anEnvironmentState({ application: 'broken', holder: lost }));
    await world.write('release', aRelease({ number: 1 }));
    world.workflow.isUnreachable = true;
    await expect(world.deploy('dev1', 1)).rejects.toThrow('crash');
    world.workflow.isUnreachable = false;
    world.surroundings.advance(MINUTE);
    const id = (await world.holderOf('dev1')) ?? '';
    expect(await world.reconcile()).toMatchObject([
      { deploymentId: lost.deploymentId, action: 'failed', why: expect.stringContaining('broken/dev1') },
      { deploymentId: id, action: 'started' },
    ]);
    expect(world.workflow.executions.has(id)).toBe(true);
  });

  test('tells the bus what ended in the queue, when it could not be told at once', async () => {
    const world = await World.open();
    for (const _ of [1, 2, 3]) await world.release();
    const holder = await world.deploy('dev1', 1);
    const [second, third] = [await world.deploy('dev1', 2), 3];
    const told = () => world.events.published.map(({ name, detail }) => `${name} ${detail.deploymentId}`);
    const { publish } = world.events;
    world.events.publish = () => Promise.reject(new Error('the bus is down'));
    await expect(world.deploy('dev1', third)).rejects.toThrow('the bus is down');
    expect(await world.statusOf(second)).toBe('superseded');
    world.events.publish = publish;
    expect(told()).toEqual([]);
    expect(await world.reconcile()).toContainEqual(
      expect.objectContaining({ deploymentId: second, action: 'announced' }),
    );
    expect(told()).toEqual([`DeploymentSuperseded ${second}`]);
    expect(await world.reconcile()).toEqual([]);
    expect(await world.holderOf('dev1')).toBe(holder);
  });

  test('frees the environment even when the bus takes no event', async () => {
    const { world, id, next, services } = await stuck('planning', 'aborted');
    const events = { ...world.events, publish: async () => Promise.reject(new Error('the bus is down')) };
    await expect(reconcileDeployment({ ...services, events }, id)).rejects.toThrow('the bus is down');
    expect(await world.holderOf('stage1')).toBe(next);
  });

  test('knows nothing of executions that are no deployments', async () => {
    const world = await World.open();
    expect(await reconcileDeployment(world, 'somebody-elses-execution')).toBeUndefined();
  });
});
