import { beforeEach, describe, expect, test } from '@jest/globals';
import { preparationOf, prepareEphemeralName } from '../../../lambdas/domain/environment/prepare-account.ts';
import { requestRemoval } from '../../../lambdas/domain/environment/request-removal.ts';
import { deleteEphemeral } from '../../../lambdas/domain/ephemeral/delete-ephemeral.ts';
import { viewEphemeral } from '../../../lambdas/domain/ephemeral/ephemeral-view.ts';
import type { Deployment } from '../../../lambdas/domain/model/deployment.ts';
import { commitOf } from '../../harness/builders.ts';
import { DnsWorld, LOAD_BALANCER } from '../../harness/dns-world.ts';
import { TOOLING } from '../../harness/world.ts';

/** Tests hostname, certificate and records of an ephemeral environment. */

const HOSTNAME = 'my-app-pr-7-eu-west-1.development.acme.example';
const WHERE = { application: 'my-app', environment: 'pr-7' };

let world: DnsWorld;
beforeEach(async () => {
  world = await DnsWorld.openWithDns();
});

const settleHolder = async (name = 'pr-7'): Promise<Deployment> => world.settle((await world.holderOf(name)) ?? '');
const claimed = (hostname = HOSTNAME) => world.store.get('hostnameClaim', { hostname });

async function running(): Promise<void> {
  await world.ephemeral('pr-7', { commit: commitOf(9) });
  expect((await settleHolder()).status).toBe('succeeded');
}

describe('an ephemeral environment based on one with DNS', () => {
  test('has a hostname, a certificate and a record of its own', async () => {
    await world.run('dev1');
    await running();
    const environment = await world.ephemeralNow('pr-7');
    expect((await viewEphemeral(world, environment)).dns).toMatchObject({
      hostname: HOSTNAME,
      certificate: { status: 'issued', names: [HOSTNAME] },
      record: { target: LOAD_BALANCER.name },
    });
    const addresses = world.recordsOf().filter(({ alias }) => alias !== undefined);
    expect(addresses.map(({ name }) => name).sort()).toEqual([
      'my-app-dev1-eu-west-1.development.acme.example',
      HOSTNAME,
    ]);
  });

  test('leaves none of them behind, and its hostname is free again', async () => {
    await running();
    expect(await claimed()).toMatchObject(WHERE);
    await deleteEphemeral(world, 'my-app', 'pr-7', TOOLING);
    expect((await settleHolder()).status).toBe('succeeded');
    const closed = await world.ephemeralNow('pr-7');
    expect([closed.life.phase, closed.dns]).toEqual(['closed', undefined]);
    expect(world.recordsOf().filter(({ name }) => name.includes('pr-7'))).toEqual([]);
    expect([await claimed(), await world.store.get('environmentDns', WHERE)]).toEqual([undefined, undefined]);
  });

  test('is destroyed by a deployment where a certificate is all it ever got', async () => {
    world.certificates.isVisible = () => false;
    await world.ephemeral('pr-7', { commit: commitOf(9) });
    expect((await settleHolder()).status).toBe('failed');
    expect(await world.store.get('environmentDns', WHERE)).toBeDefined();
    await deleteEphemeral(world, 'my-app', 'pr-7', TOOLING);
    expect((await settleHolder()).status).toBe('succeeded');
    expect([(await world.ephemeralNow('pr-7')).life.phase, await world.store.get('environmentDns', WHERE)]).toEqual([
      'closed',
      undefined,
    ]);
  });

  test('has an account prepared for its hostname before it is made, and the same when it is there', async () => {
    const before = await prepareEphemeralName(world, 'my-app', { name: 'pr-7', basedOn: 'dev1' });
    expect(before.dns).toEqual({ hostname: HOSTNAME, commonName: HOSTNAME });
    await world.ephemeral('pr-7', { commit: commitOf(9) });
    expect((await preparationOf(world, 'my-app', 'pr-7')).dns).toEqual(before.dns);
  });
});

describe('a regular environment with DNS', () => {
  test('is removed only after its records and certificate, and then its hostname is free', async () => {
    await world.run('dev1');
    const { release } = await world.run('dev1');
    await expect(requestRemoval(world, { ...WHERE, environment: 'dev1' }, TOOLING)).rejects.toMatchObject({
      refusal: 'something-deployed',
    });
    await world.run('dev1', { release, operation: 'destroy' });
    expect(await world.store.get('environmentDns', { ...WHERE, environment: 'dev1' })).toBeUndefined();
    await requestRemoval(world, { ...WHERE, environment: 'dev1' }, TOOLING);
    expect(await world.store.get('environment', { application: 'my-app', name: 'dev1' })).toBeUndefined();
    expect(await claimed('my-app-dev1-eu-west-1.development.acme.example')).toBeUndefined();
  });
});
