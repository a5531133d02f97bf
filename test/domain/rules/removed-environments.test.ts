import { beforeEach, describe, expect, test } from '@jest/globals';
import { removeApplication } from '../../../lambdas/domain/application/remove-application.ts';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import { liftProtection } from '../../../lambdas/domain/environment/lift-protection.ts';
import { requestRemoval } from '../../../lambdas/domain/environment/request-removal.ts';
import { type EnvironmentSettings, EnvironmentSettingsSchema } from '../../../lambdas/domain/model/environment.ts';
import { viewRelease } from '../../../lambdas/domain/release/release-view.ts';
import { anApplication } from '../../harness/builders.ts';
import { ALICE, TOOLING, World } from '../../harness/world.ts';

const STAGES = { dev1: 'development', stage1: 'staging', prod1: 'production' } as const;
type Name = keyof typeof STAGES;
let world: World;
beforeEach(async () => {
  world = await World.open();
});

const remove = (environment: Name) => requestRemoval(world, { application: 'my-app', environment }, TOOLING);
const define = (environment: Name, more: Partial<EnvironmentSettings> = {}) =>
  configureEnvironment(
    world,
    { application: 'my-app', environment },
    EnvironmentSettingsSchema.parse({
      stage: STAGES[environment],
      accountId: '111111111111',
      region: 'eu-west-1',
      ...more,
    }),
    'admin',
  );
const find = (name: Name) => world.store.get('environment', { application: 'my-app', name });
const address = (environment: Name) => world.store.get('stateAddress', { application: 'my-app', environment });
async function destroy(environment: Name): Promise<void> {
  if (environment === 'prod1') await lift();
  await world.deploy(environment, (await world.state(environment)).deployed?.release ?? 0, { operation: 'destroy' });
  await world.finishIn(environment);
}
const lift = () =>
  liftProtection(
    world,
    { application: 'my-app', environment: 'prod1' },
    { address: 'prod1', reason: 'moved to another account' },
    { principal: 'staff', approver: ALICE },
  );
const provenIn = async (number: number) => {
  const release = await world.store.get('release', { application: 'my-app', number });
  if (!release) throw new Error(`there is no release ${number}`);
  return (await viewRelease(world.store, release)).succeededIn.map(({ environment }) => environment);
};
const later = () => world.surroundings.advance(3600);

describe('a regular environment is removed', () => {
  test('at once when nothing was ever planned there', async () => {
    expect(await remove('dev1')).toBeUndefined();
    expect(await find('dev1')).toBeUndefined();
  });

  test('never while something is deployed, or a deployment is open', async () => {
    await world.bring(await world.release(), 'dev1');
    await expect(remove('dev1')).rejects.toMatchObject({ refusal: 'something-deployed' });
    await world.deploy('dev1', await world.release());
    await expect(remove('dev1')).rejects.toMatchObject({ refusal: 'deployments-open' });
    expect(await find('dev1')).toBeDefined();
  });

  test('at once after a destruction that has just seen the state empty', async () => {
    await world.bring(await world.release(), 'dev1');
    await destroy('dev1');
    expect(await remove('dev1')).toBeUndefined();
    expect([await find('dev1'), await address('dev1')]).toEqual([undefined, undefined]);
  });

  test('later only after another look into the state, which changes nothing', async () => {
    await world.bring(await world.release(), 'dev1');
    await destroy('dev1');
    later();
    const look = await remove('dev1');
    expect(look).toMatchObject({ operation: 'destroy', status: 'planning' });
    expect(await find('dev1')).toMatchObject({ removal: { by: TOOLING } });
    // A second request returns the same look.
    expect((await remove('dev1'))?.id).toBe(look?.id);
    const applied = world.builds.applied.length;
    expect(await world.finishIn('dev1')).toMatchObject({ status: 'succeeded', planned: { hasChanges: false } });
    expect([await find('dev1'), await address('dev1'), world.builds.applied.length]).toEqual([
      ...[undefined, undefined, applied],
    ]);
  });

  test.each(['dev1', 'prod1'] as const)(
    'not when the state of %s holds something, whatever the records say',
    async (name) => {
      await world.bring(await world.release(), name);
      await destroy(name);
      later();
      // Somebody has used the state by hand.
      world.builds.contents.set(`apps/my-app/${name}/terraform.tfstate`, 2);
      const look = await remove(name);
      await world.finishIn(name);
      expect(await world.deployment(look?.id ?? '')).toMatchObject({
        status: 'blocked',
        error: {
          reason: 'state-not-empty',
          message: `its Terraform state still holds 2 resource(s); destroy ${name} before removing it`,
        },
      });
      const environment = await find(name);
      expect(environment).toBeDefined();
      expect(environment).not.toHaveProperty('removal');
      await expect(remove(name).then(() => world.finishIn(name))).resolves.toMatchObject({ status: 'blocked' });
    },
  );

  test('not when looking failed; then it can be used and removed as before', async () => {
    await world.bring(await world.release(), 'dev1');
    await destroy('dev1');
    later();
    world.builds.terraform = () => ({ plan: 'fails', apply: 'succeeds' });
    await remove('dev1');
    await expect(world.deploy('dev1', 1)).rejects.toMatchObject({ refusal: 'environment-closing' });
    await world.finishIn('dev1');
    expect(await find('dev1')).not.toHaveProperty('removal');
    world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
    await world.succeed('dev1', 1);
  });

  test('from production, once it was destroyed under a lift', async () => {
    await world.bring(await world.release(), 'prod1');
    await destroy('prod1');
    later();
    await remove('prod1');
    await world.finishIn('prod1');
    expect(await find('prod1')).toBeUndefined();
  });

  test('also in front of others in the pipeline, which can still be destroyed', async () => {
    await world.bring(await world.release(), 'stage1');
    await destroy('dev1');
    await remove('dev1');
    await expect(world.deploy('stage1', 1)).rejects.toMatchObject({ refusal: 'pipeline-incomplete' });
    await destroy('stage1');
    await remove('stage1');
    expect(await find('stage1')).toBeUndefined();
  });

  test('not by a deployment that is no removal, however empty it finds the state', async () => {
    await world.bring(await world.release(), 'dev1');
    await destroy('dev1');
    expect(await find('dev1')).toBeDefined();
  });
});

describe('what half a first deployment has left', () => {
  beforeEach(async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'fails' });
    await world.deploy('dev1', await world.release());
    await world.finishIn('dev1');
    world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
  });

  test('can be destroyed, and keeps the environment and its application until then', async () => {
    expect((await world.state('dev1')).deployed).toBeNull();
    await expect(removeApplication(world, 'my-app', 'admin')).rejects.toMatchObject({ refusal: 'something-deployed' });
    await expect(define('dev1', { accountId: '999999999999' })).rejects.toMatchObject({
      refusal: 'something-deployed',
    });
    const look = await remove('dev1');
    await world.finishIn('dev1');
    expect(await world.reasonOf(look?.id ?? '')).toBe('state-not-empty');
    await world.deploy('dev1', 1, { operation: 'destroy' });
    expect(await world.finishIn('dev1')).toMatchObject({ operation: 'destroy', status: 'succeeded' });
    await removeApplication(world, 'my-app', 'admin');
  });
});

describe('what was proven', () => {
  test('stays proven when an environment is destroyed: the release did succeed there', async () => {
    await world.bring(await world.release(), 'stage1');
    await destroy('stage1');
    expect(await provenIn(1)).toEqual(['dev1', 'stage1']);
    await world.succeed('prod1', 1);
  });

  test('is proven no longer when its environment was removed, nor in one made again under its name', async () => {
    await world.bring(await world.release(), 'stage1');
    await destroy('stage1');
    await remove('stage1');
    await define('stage1');
    expect(await provenIn(1)).toEqual(['dev1']);
    await expect(world.deploy('prod1', 1)).rejects.toMatchObject({ refusal: 'not-succeeded-before' });
    await world.succeed('stage1', 1);
    await world.succeed('prod1', 1);
    expect((await world.history('stage1')).map(({ number }) => number)).toEqual([3, 2, 1]);
  });

  test('is proven no longer when the environment moves to another account or region', async () => {
    for (const place of [{ accountId: '999999999999' }, { accountId: '999999999999', region: 'us-east-1' }]) {
      await world.bring(await world.release(), 'stage1');
      await destroy('stage1');
      const number = (await world.state('stage1')).newestStarted;
      await define('stage1', place);
      expect(await provenIn(number)).toEqual(['dev1']);
      await expect(world.deploy('prod1', number)).rejects.toMatchObject({ refusal: 'not-succeeded-before' });
      expect(await address('stage1')).toBeUndefined();
    }
  });

  test('stays proven when settings change that are no place', async () => {
    await world.bring(await world.release(), 'stage1');
    await define('stage1', { deletionProtection: true });
    expect(await provenIn(1)).toEqual(['dev1', 'stage1']);
  });

  test('is proven no longer when the application was removed and made again', async () => {
    await world.bring(await world.release(), 'stage1');
    await destroy('stage1');
    await destroy('dev1');
    await removeApplication(world, 'my-app', 'admin');
    await world.write('application', anApplication());
    for (const name of ['dev1', 'stage1', 'prod1'] as const) await define(name);
    expect(await provenIn(1)).toEqual([]);
  });

  test('and what is on hold, rolled back or newest, is forgotten with the environment', async () => {
    for (let release = 1; release <= 2; release++) await world.bring(await world.release(), 'dev1');
    await world.rollBack('dev1', 1);
    await world.finishIn('dev1');
    await destroy('dev1');
    await remove('dev1');
    await define('dev1');
    expect(await world.state('dev1')).toMatchObject({ hold: null, rollbacks: [], newestStarted: 0, deployed: null });
    await world.succeed('dev1', 1);
  });

  test('a protection that was lifted and not used is lifted no more in one made again', async () => {
    await world.bring(await world.release(), 'prod1');
    await destroy('prod1');
    await lift();
    await remove('prod1');
    later();
    await define('prod1');
    await world.bring(await world.release(), 'prod1');
    const attempt = world.deploy('prod1', 2, { operation: 'destroy' });
    await expect(attempt).rejects.toMatchObject({ refusal: 'production-protected' });
  });
});
