import { beforeEach, describe, expect, test } from '@jest/globals';
import { configureApplication } from '../../../lambdas/domain/application/configure-application.ts';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import type { Stage } from '../../../lambdas/domain/policy.ts';
import { anApplication, anEnvironment } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const NOT_BEFORE = { name: 'RefusedError', refusal: 'not-succeeded-before' };

describe('rule 1: a release deploys only where it succeeded in the environment before', () => {
  let world: World;
  let release: number;
  beforeEach(async () => {
    world = await World.open();
    release = await world.release();
  });

  test('the first environment of the pipeline needs no success before', async () => {
    await world.succeed('dev1', release);
    expect((await world.state('dev1')).deployed).toMatchObject({ release });
  });

  test.each(['stage1', 'prod1'])('fails for a release that was deployed nowhere: %s', async (environment) => {
    await expect(world.deploy(environment, release)).rejects.toMatchObject(NOT_BEFORE);
    expect(await world.history(environment)).toEqual([]);
    expect(await world.holderOf(environment)).toBeUndefined();
  });

  test('fails for a skipped environment, whoever asks and however', async () => {
    await world.succeed('dev1', release);
    const requestedBy = { principal: 'admin@local', approver: 'alice@staff.example' };
    for (const wish of [{}, { requestedBy }, { automatic: true }])
      await expect(world.deploy('prod1', release, wish)).rejects.toMatchObject(NOT_BEFORE);
  });

  test('fails while the release is still on its way in the environment before', async () => {
    const id = await world.deploy('dev1', release);
    await expect(world.deploy('stage1', release)).rejects.toMatchObject(NOT_BEFORE);
    await world.workflow.run(id);
    await world.deploy('stage1', release);
  });

  test.each([
    ['fails to plan', { plan: 'fails', apply: 'succeeds' }],
    ['fails to apply', { plan: 'changes', apply: 'fails' }],
  ] as const)('a release that %s proves nothing', async (_, terraform) => {
    world.builds.terraform = () => terraform;
    const id = await world.deploy('dev1', release);
    expect((await world.finish(id)).status).toBe('failed');
    await expect(world.deploy('stage1', release)).rejects.toMatchObject(NOT_BEFORE);
  });

  test('a deployment without changes counts as a success', async () => {
    world.builds.terraform = () => ({ plan: 'no-changes', apply: 'fails' });
    await world.bring(release, 'prod1');
    expect((await world.state('prod1')).deployed).toMatchObject({ release, passed: true });
  });

  test.each([
    [
      'an older success, of which it is not known whether anything was applied',
      { passed: undefined, ending: undefined },
    ],
    ['a release that passed through', { passed: true }],
  ])('%s counts as a success', async (_, facts) => {
    await world.succeed('dev1', release);
    const where = { application: 'my-app', environment: 'dev1', release };
    const outcome = await world.store.get('outcome', where);
    if (!outcome) throw new Error('there is no outcome');
    await world.write('outcome', { ...outcome, ...facts });
    await world.deploy('stage1', release);
  });

  test('success of another release proves nothing for this one', async () => {
    await world.succeed('dev1', release);
    const next = await world.release();
    await expect(world.deploy('stage1', next)).rejects.toMatchObject(NOT_BEFORE);
  });

  test('a failed redeployment takes the proof away, the next success gives it back', async () => {
    await world.succeed('dev1', release);
    world.builds.terraform = () => ({ plan: 'changes', apply: 'fails' });
    await world.finish(await world.deploy('dev1', release));
    await expect(world.deploy('stage1', release)).rejects.toMatchObject(NOT_BEFORE);
    world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
    await world.succeed('dev1', release);
    await world.deploy('stage1', release);
  });

  test('a canceled redeployment says nothing about the release', async () => {
    await world.bring(release, 'stage1');
    const id = await world.deploy('stage1', release);
    await world.workflow.run(id);
    await world.cancel(id);
    expect((await world.finish(id)).status).toBe('canceled');
    await world.deploy('prod1', release);
  });

  test('a destruction proves nothing and takes nothing away', async () => {
    await world.succeed('dev1', release);
    await world.succeed('dev1', release, { operation: 'destroy' });
    expect((await world.state('dev1')).deployed).toBeNull();
    const next = await world.release();
    await world.deploy('stage1', release);
    await expect(world.deploy('stage1', next)).rejects.toMatchObject(NOT_BEFORE);
  });

  describe('a rollback', () => {
    let newer: number;
    beforeEach(async () => {
      await world.bring(release, 'stage1');
      newer = await world.release();
      await world.bring(newer, 'stage1');
      await world.succeed('stage1', release, { operation: 'rollback' });
    });

    test('withdraws the newer releases of that environment', async () => {
      await expect(world.deploy('prod1', newer)).rejects.toMatchObject(NOT_BEFORE);
    });

    test('proves the release it brought back', async () => {
      await world.deploy('prod1', release);
    });

    test('withdraws nothing in another environment', async () => {
      await world.deploy('stage1', newer);
    });

    test('withdraws until the newer release succeeds there again', async () => {
      await world.succeed('stage1', newer);
      await world.deploy('prod1', newer);
    });

    test('does not withdraw a success that came after it, though it was asked for before it', async () => {
      const third = await world.release();
      await world.succeed('dev1', third);
      const blocker = await world.deploy('stage1', newer);
      const waiting = await world.deploy('stage1', third);
      const rollback = await world.rollBack('stage1', release);
      await world.cancel(blocker);
      await world.finish(blocker);
      expect(await world.holderOf('stage1')).toBe(rollback);
      expect((await world.finish(rollback)).status).toBe('succeeded');
      expect(await world.holderOf('stage1')).toBe(waiting);
      expect((await world.finish(waiting)).status).toBe('succeeded');
      await world.deploy('prod1', third);
    });

    test('to an even older release withdraws this one too', async () => {
      const fresh = await World.open();
      const releases = [await fresh.release(), await fresh.release(), await fresh.release()];
      for (const number of releases) await fresh.bring(number, 'stage1');
      await fresh.succeed('stage1', 2, { operation: 'rollback' });
      await fresh.succeed('stage1', 1, { operation: 'rollback' });
      await expect(fresh.deploy('prod1', 3)).rejects.toMatchObject(NOT_BEFORE);
      await expect(fresh.deploy('prod1', 2)).rejects.toMatchObject(NOT_BEFORE);
      await fresh.deploy('prod1', 1);
    });

    test('leaves releases proven that are older than the one it goes to', async () => {
      const fresh = await World.open();
      for (const number of [1, 2, 3]) {
        expect(await fresh.release()).toBe(number);
        await fresh.bring(number, 'stage1');
      }
      await fresh.succeed('stage1', 2, { operation: 'rollback' });
      await fresh.deploy('prod1', 1);
    });

    test('to a newer release than the rollback before does not undo what that one withdrew', async () => {
      const fresh = await World.open();
      for (const number of [1, 2, 3, 4]) {
        expect(await fresh.release()).toBe(number);
        await fresh.bring(number, 'stage1');
      }
      await fresh.succeed('stage1', 1, { operation: 'rollback' });
      await fresh.succeed('stage1', 3, { operation: 'rollback' });
      for (const withdrawn of [2, 4]) await expect(fresh.deploy('prod1', withdrawn)).rejects.toMatchObject(NOT_BEFORE);
      await fresh.deploy('prod1', 3);
    });

    test('that failed withdraws nothing of the newer release', async () => {
      await world.succeed('stage1', newer);
      world.builds.terraform = () => ({ plan: 'fails', apply: 'fails' });
      await world.finish(await world.rollBack('stage1', release));
      await world.deploy('prod1', newer);
    });
  });

  describe('auto-promotion', () => {
    test('moves a development success to staging', async () => {
      const id = await world.succeed('dev1', release);
      const promotion = await world.promote(id);
      expect(await world.deployment(promotion ?? '')).toMatchObject({
        environment: 'stage1',
        release,
        automatic: true,
      });
    });

    test('made twice by two deliveries of the event is one', async () => {
      const id = await world.succeed('dev1', release);
      await world.promote(id);
      expect(await world.promote(id)).toBeUndefined();
      expect(await world.history('stage1')).toHaveLength(1);
    });

    test('never goes into production, whatever the policy says', async () => {
      const eager = await World.open({ policy: { staging: { autoPromote: true }, production: { autoPromote: true } } });
      await eager.release();
      await eager.bring(1, 'stage1');
      for (const { id } of await eager.history('stage1')) expect(await eager.promote(id)).toBeUndefined();
      eager.surroundings.advance(3600);
      await eager.reconcile();
      expect(await eager.history('prod1')).toEqual([]);
    });

    test('does not promote what is no success', async () => {
      world.builds.terraform = () => ({ plan: 'fails', apply: 'fails' });
      const id = await world.deploy('dev1', release);
      await world.finish(id);
      expect(await world.promote(id)).toBeUndefined();
      expect(await world.promote('my-app-dev1-99-abcdef')).toBeUndefined();
    });

    test('does not promote a destruction', async () => {
      await world.succeed('dev1', release);
      const id = await world.succeed('dev1', release, { operation: 'destroy' });
      expect(await world.promote(id)).toBeUndefined();
    });

    test('respects a hold, and remembers that it did', async () => {
      await world.changeState('stage1', {
        hold: { reason: 'storm', by: { principal: 'x' }, at: world.surroundings.now() },
      });
      const id = await world.succeed('dev1', release);
      expect(await world.promote(id)).toBeUndefined();
      const promotion = await world.store.get('promotion', { sourceDeploymentId: id });
      expect(promotion?.refusal).toContain('environment-on-hold');
    });

    test('is not made where the policy of the stage switches it off', async () => {
      const calm = await World.open({ policy: { development: { autoPromote: false } } });
      await calm.release();
      expect(await calm.promote(await calm.succeed('dev1', 1))).toBeUndefined();
    });
  });

  describe('the pipeline', () => {
    const configure = (pipeline: string[]) =>
      configureApplication(world, 'my-app', { ...anApplication(), pipeline } as never, 'x');
    const define = (environment: string, stage: Stage) =>
      configureEnvironment(
        world,
        { application: 'my-app', environment },
        { stage, accountId: '111111111111', region: 'eu-west-1', deletionProtection: false },
        'admin@local',
      );

    test.each([
      ['production before staging', ['dev1', 'prod1', 'stage1']],
      ['staging before development', ['stage1', 'dev1', 'prod1']],
      ['production without staging', ['dev1', 'prod1']],
      ['production without development', ['stage1', 'prod1']],
      ['production alone', ['prod1']],
    ])('fails to be %s', async (_, pipeline) => {
      await expect(configure(pipeline)).rejects.toMatchObject({ refusal: 'pipeline-order' });
      expect((await world.store.get('application', { name: 'my-app' }))?.pipeline).toEqual(['dev1', 'stage1', 'prod1']);
    });

    test('fails to change while a deployment is open', async () => {
      const id = await world.deploy('dev1', release);
      const wanted = ['dev1', 'stage1'];
      await expect(configure(wanted)).rejects.toMatchObject({ refusal: 'deployments-open' });
      await world.finish(id);
      await configure(wanted);
    });

    test('fails to lose an environment in which something is deployed', async () => {
      await world.bring(release, 'stage1');
      await expect(configure(['dev1', 'stage2', 'prod1'])).rejects.toMatchObject({ refusal: 'something-deployed' });
    });

    test.each([
      ['stage1', 'development'],
      ['prod1', 'staging'],
      ['prod1', 'development'],
    ] as const)('fails to lower %s to %s', async (name, stage) => {
      await expect(define(name, stage)).rejects.toMatchObject({ refusal: 'stage-lowered' });
      expect((await world.store.get('environment', { application: 'my-app', name }))?.stage).not.toBe(stage);
    });

    test('fails to raise a stage while a deployment is open there', async () => {
      await configure(['dev1', 'stage1', 'stage2']);
      await define('stage2', 'staging');
      await world.bring(release, 'stage1');
      await world.deploy('stage2', release);
      await expect(define('stage2', 'production')).rejects.toMatchObject({ refusal: 'deployments-open' });
    });

    test('fails to deploy past an environment that is not defined', async () => {
      const young = new World();
      await young.write('application', anApplication());
      await young.write('environment', anEnvironment());
      await young.write('environment', anEnvironment({ name: 'prod1', stage: 'production' }));
      await young.release();
      await young.succeed('dev1', 1);
      await expect(young.deploy('prod1', 1)).rejects.toMatchObject({ refusal: 'pipeline-incomplete' });
    });

    test('fails to deploy into an environment outside of it', async () => {
      await world.write('environment', anEnvironment({ name: 'dev2' }));
      await expect(world.deploy('dev2', release)).rejects.toMatchObject({ refusal: 'not-in-pipeline' });
    });

    test('a release taken out of the pipeline’s order between approval and apply is not applied', async () => {
      await world.bring(release, 'stage1');
      const id = await world.deploy('prod1', release);
      await world.workflow.run(id);
      await world.write('application', anApplication({ pipeline: ['dev1', 'stage1'] }));
      expect((await world.finish(id)).status).toBe('blocked');
      expect(await world.reasonOf(id)).toBe('not-in-pipeline');
      expect(world.builds.applied.filter(({ deploymentId }) => deploymentId === id)).toEqual([]);
    });
  });

  test.each([
    ['application', { application: 'nobody', environment: 'dev1', release: 1 }],
    ['environment', { application: 'my-app', environment: 'nowhere', release: 1 }],
    ['release', { application: 'my-app', environment: 'dev1', release: 77 }],
  ])('fails naming the %s that does not exist', async (kind, wish) => {
    const { placeDeployment } = await import('../../../lambdas/domain/deployment/place-deployment.ts');
    const request = { ...wish, operation: 'deploy' as const, requestedBy: { principal: 'x' }, automatic: false };
    const placed = world.store.transact((transaction) => placeDeployment(transaction, request, world.surroundings));
    await expect(placed).rejects.toMatchObject({ name: 'NotFoundError', kind });
  });
});
