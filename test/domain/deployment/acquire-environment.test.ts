import { beforeEach, describe, expect, test } from '@jest/globals';
import { acquireEnvironment } from '../../../lambdas/domain/deployment/acquire-environment.ts';
import { anApplication, anEnvironmentDns, commitOf, DNS_SETTINGS, NOW } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const NOT_HOLDER = { name: 'NotHolderError' };

async function openDns(world: World): Promise<void> {
  await world.write('application', anApplication({ serviceDiscoveryDomain: 'acme.example' }));
  await world.change('dev1', { dns: DNS_SETTINGS });
  await world.changeState('dev1', {
    deployed: { release: 1, commit: commitOf(1), deploymentId: 'x-1-abc123', at: NOW, modules: [] },
  });
}

describe('acquiring an environment', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.release();
    await world.release();
  });

  test('tells the holder what there is to do beside plan and apply', async () => {
    const id = await world.deploy('dev1', 1);
    expect(await acquireEnvironment(world, id)).toEqual({ needsCertificate: false, needsDns: false });
  });

  describe('with DNS', () => {
    const acquire = async (operation: 'deploy' | 'destroy' = 'deploy') =>
      acquireEnvironment(world, await world.deploy('dev1', 1, { operation }));
    beforeEach(() => openDns(world));

    test('asks for a certificate before the plan, and for publishing after the apply', async () => {
      expect(await acquire()).toEqual({ needsCertificate: true, needsDns: true });
    });

    test('asks for no certificate for a destruction', async () => {
      await world.write('environmentDns', anEnvironmentDns());
      expect(await acquire('destroy')).toEqual({ needsCertificate: false, needsDns: true });
    });

    test('asks for withdrawing where the setting was taken away', async () => {
      await world.write('environmentDns', anEnvironmentDns());
      await world.change('dev1', { dns: undefined });
      expect(await acquire()).toEqual({ needsCertificate: false, needsDns: true });
    });
  });

  test('again gives the same and changes nothing', async () => {
    const id = await world.deploy('dev1', 1);
    const before = [await world.deployment(id), await world.state('dev1')];
    expect(await acquireEnvironment(world, id)).toEqual(await acquireEnvironment(world, id));
    expect([await world.deployment(id), await world.state('dev1')]).toEqual(before);
  });

  test('fails for one that waits', async () => {
    await world.deploy('dev1', 1);
    await expect(acquireEnvironment(world, await world.deploy('dev1', 2))).rejects.toMatchObject(NOT_HOLDER);
  });

  test('fails for one that plans without holding it', async () => {
    const id = await world.deploy('dev1', 1);
    await world.changeState('dev1', { holder: null });
    await expect(acquireEnvironment(world, id)).rejects.toMatchObject(NOT_HOLDER);
  });

  test('fails for a holder that has ended, or that is further on', async () => {
    const id = await world.deploy('dev1', 1);
    while ((await world.statusOf(id)) !== 'applying') await world.workflow.step(id);
    await expect(acquireEnvironment(world, id)).rejects.toMatchObject(NOT_HOLDER);
    while ((await world.statusOf(id)) !== 'succeeded') await world.workflow.step(id);
    expect(await world.holderOf('dev1')).toBe(id);
    await expect(acquireEnvironment(world, id)).rejects.toMatchObject(NOT_HOLDER);
  });

  test('fails for a deployment that does not exist', async () => {
    await expect(acquireEnvironment(world, 'my-app-dev1-9-abcdef')).rejects.toMatchObject(NOT_HOLDER);
  });
});
