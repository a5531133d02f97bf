import { beforeEach, describe, expect, test } from '@jest/globals';
import { publishDns } from '../../../lambdas/domain/dns/publish-dns.ts';
import { RoleRefusedError } from '../../../lambdas/domain/errors.ts';
import type { ZoneRecord } from '../../../lambdas/domain/model/dns/zone-record.ts';
import { HOSTNAME } from '../../harness/builders.ts';
import { DnsWorld, LOAD_BALANCER, ZONE } from '../../harness/dns-world.ts';

let world: DnsWorld;
beforeEach(async () => {
  world = await DnsWorld.openWithDns();
});

const ALIAS: ZoneRecord = {
  name: HOSTNAME,
  type: 'A',
  alias: { zoneId: LOAD_BALANCER.zoneId, name: LOAD_BALANCER.name, evaluateTargetHealth: false },
};
const CNAME: ZoneRecord = { name: HOSTNAME, type: 'CNAME', ttl: 60, values: ['web-1.example'] };
const THEIRS: ZoneRecord = { name: HOSTNAME, type: 'A', ttl: 60, values: ['192.0.2.1'] };
const addresses = () => world.recordsOf().filter(({ name }) => name === HOSTNAME);
const proofs = () => world.recordsOf().filter(({ name }) => name.startsWith('_'));
const pointByCname = async (value: unknown = 'web-1.example') => {
  await world.change('dev1', { dns: { record: { kind: 'cname', nameOutput: 'host', ttl: 60 } } });
  world.builds.outputs = { host: { sensitive: false, value } };
};

describe('after an apply', () => {
  test('the hostname follows the load balancer that the outputs name', async () => {
    const { id, status } = await world.run();
    expect([status, addresses()]).toEqual(['succeeded', [ALIAS]]);
    expect((await world.dns())?.published).toMatchObject({ record: ALIAS, deploymentId: id });
    expect(await world.story(id)).toContain('dns-published');
  });

  test('the hostname is another name for the host that the output names', async () => {
    await pointByCname('Web-1.Example.');
    expect((await world.run()).status).toBe('succeeded');
    expect(addresses()).toEqual([CNAME]);
  });

  test('the change is waited for until all name servers know it', async () => {
    world.zones.looksUntilInSync = 3;
    const { id, status } = await world.run();
    expect(status).toBe('succeeded');
    expect((await world.dns())?.change).toBeNull();
    const { at = '' } = (await world.dns())?.published ?? {};
    expect(Date.parse(at) - Date.parse((await world.deployment(id)).createdAt)).toBeGreaterThanOrEqual(90_000);
  });

  test('a change that never comes into sync ends the deployment, which says what was applied', async () => {
    world.zones.looksUntilInSync = 1000;
    const { id, status } = await world.run();
    expect(status).toBe('failed');
    expect(await world.deployment(id)).toMatchObject({
      applied: 'yes',
      error: { reason: 'change-pending', state: 'PublishDns', message: expect.stringContaining(`zone ${ZONE}`) },
    });
  });

  test('the record follows what the outputs say from then on', async () => {
    await world.run();
    world.point('lb-2.elb.example', 'Z3F0SRJ5LGBH90');
    await world.run();
    expect(addresses().map(({ alias }) => alias)).toEqual([
      { zoneId: 'Z3F0SRJ5LGBH90', name: 'lb-2.elb.example', evaluateTargetHealth: false },
    ]);
  });

  test('the record changes its kind with the setting, at once', async () => {
    await world.run();
    await pointByCname();
    expect((await world.run()).status).toBe('succeeded');
    expect(addresses()).toEqual([CNAME]);
  });

  test('nothing is written where everything stands already', async () => {
    await world.run();
    const before = await world.dns();
    world.zones.change = () => Promise.reject(new Error('nothing is to be changed'));
    const { id, status } = await world.run();
    expect(status).toBe('succeeded');
    expect((await world.dns())?.published).toEqual(before?.published);
    expect(await world.story(id)).not.toContain('dns-published');
  });

  test('a plan without changes publishes what a deployment before it could not', async () => {
    world.zones.looksUntilInSync = 1000;
    await world.run('dev1', { release: 1 });
    world.zones.drop(ZONE, HOSTNAME);
    world.zones.looksUntilInSync = 1;
    world.builds.terraform = () => ({ plan: 'no-changes', apply: 'succeeds' });
    expect((await world.run('dev1', { release: 1 })).status).toBe('succeeded');
    expect(addresses()).toEqual([ALIAS]);
  });

  test('an environment without DNS publishes nothing', async () => {
    await world.change('dev1', { dns: undefined });
    await world.run();
    expect(world.recordsOf()).toEqual([]);
  });

  test('a deployment that does not hold the environment publishes nothing', async () => {
    const { id } = await world.run();
    await expect(publishDns(world, id)).rejects.toMatchObject({ name: 'NotHolderError' });
  });
});

describe('outputs that do not say it', () => {
  const fails = async (): Promise<string> => {
    const { id, status } = await world.run('dev1', { release: 1 });
    expect(status).toBe('failed');
    const deployment = await world.deployment(id);
    expect(deployment).toMatchObject({ applied: 'yes', error: { state: 'PublishDns' } });
    expect(addresses()).toEqual([]);
    const { reason, message } = (await world.errorOf(id)) ?? {};
    return `${reason}: ${message}`;
  };

  test('fail loudly when one is missing, naming it and those that are there', async () => {
    delete world.builds.outputs.lb_zone_id;
    expect(await fails()).toBe(
      'output-missing: output "lb_zone_id", which the alias record of this environment points by, does not exist; ' +
        'the outputs are: url, lb_name',
    );
  });

  test('fail when it is sensitive, and do not tell it', async () => {
    world.builds.outputs.lb_name = { sensitive: true, value: 'secret-lb.example' };
    const text = await fails();
    expect(text).toMatch(/^output-unusable: output "lb_name".* is sensitive/);
    expect(text).not.toContain('secret-lb');
  });

  test.each([
    ['lb_name', 'not a host'],
    ['lb_name', 'single'],
    ['lb_name', ''],
    ['lb_name', null],
    ['lb_name', ['lb.example']],
    ['lb_name', `${'a'.repeat(64)}.example`],
    ['lb_zone_id', 'hosted zone'],
    ['lb_zone_id', '/hostedzone/Z1'],
    ['lb_zone_id', 7],
  ])('fail when %s is %j', async (name, value) => {
    world.builds.outputs[name] = { sensitive: false, value };
    expect(await fails()).toContain(`output "${name}"`);
  });

  test('fail when it was too large to be kept', async () => {
    world.builds.outputs.lb_name = { sensitive: false, value: 'x'.repeat(300_000) };
    expect(await fails()).toMatch(/^output-unusable: output "lb_name".* too large/);
  });

  test('are said by a later deployment, and then it succeeds', async () => {
    delete world.builds.outputs.lb_name;
    await fails();
    world.point();
    expect((await world.run('dev1', { release: 1 })).status).toBe('succeeded');
    expect(addresses()).toEqual([ALIAS]);
  });
});

describe('a record that was not made by Stagegate', () => {
  test('is not overwritten when it appears while the environment is applied', async () => {
    const id = await world.deploy('dev1', 1);
    while (world.workflow.stateOf(id) !== 'PublishDns') {
      await world.workflow.step(id);
      world.surroundings.advance(30);
    }
    world.zones.put(ZONE, THEIRS);
    expect((await world.settle(id)).status).toBe('failed');
    expect(await world.errorOf(id)).toMatchObject({
      reason: 'record-not-ours',
      state: 'PublishDns',
      message: expect.stringContaining(`A ${HOSTNAME} -> 192.0.2.1 exists in zone ${ZONE} (acme.example)`),
    });
    expect(addresses()).toEqual([THEIRS]);
    expect(await world.deployment(id)).toMatchObject({ applied: 'yes' });
  });

  test('is not overwritten when it has taken the place of ours', async () => {
    await world.run();
    world.zones.put(ZONE, THEIRS);
    const { id, status } = await world.run();
    expect([status, (await world.errorOf(id))?.reason]).toEqual(['failed', 'record-not-ours']);
    expect(addresses()).toEqual([THEIRS]);
  });

  test('is not overwritten when it is exactly what ours would be', async () => {
    world.zones.put(ZONE, ALIAS);
    const { id } = await world.run();
    expect((await world.errorOf(id))?.reason).toBe('record-not-ours');
  });

  test('is not overwritten when it was ours and somebody pointed it elsewhere, were it only its TTL', async () => {
    await pointByCname();
    await world.run();
    world.zones.put(ZONE, { ...CNAME, ttl: 61 });
    const { id } = await world.run();
    expect((await world.errorOf(id))?.reason).toBe('record-not-ours');
    expect(addresses()).toEqual([{ ...CNAME, ttl: 61 }]);
  });

  test('is not overwritten when it is written between our look and our change', async () => {
    await world.run();
    world.point('lb-2.elb.example');
    const { change } = world.zones;
    world.zones.change = async (...call) => {
      world.zones.change = change;
      world.zones.put(ZONE, THEIRS);
      return change.apply(world.zones, call);
    };
    const { id, status } = await world.run();
    expect([status, (await world.errorOf(id))?.reason]).toEqual(['failed', 'record-refused']);
    expect(addresses()).toEqual([THEIRS]);
  });

  test('leaves the way free once its owner has removed it', async () => {
    await world.run();
    world.zones.put(ZONE, THEIRS);
    await world.run();
    world.zones.drop(ZONE, HOSTNAME);
    expect((await world.run()).status).toBe('succeeded');
    expect(addresses()).toEqual([ALIAS]);
  });
});

describe('a destroyed environment', () => {
  const destroy = () => world.run('dev1', { release: 1, operation: 'destroy' });
  beforeEach(async () => {
    await world.run('dev1', { release: 1 });
  });

  test('leaves neither records nor a certificate, the certificate last', async () => {
    const order: string[] = [];
    const { change } = world.zones;
    world.zones.change = (...call) => {
      order.push(`zone: -${call[2].remove?.length} +${call[2].create?.length ?? 0}`);
      return change.apply(world.zones, call);
    };
    const { delete: remove } = world.certificates;
    world.certificates.delete = async (...call) => {
      order.push(`certificate, while ${addresses().length + proofs().length} records stand`);
      return remove.apply(world.certificates, call);
    };
    const { id, status } = await destroy();
    expect(status).toBe('succeeded');
    expect(order).toEqual(['zone: -2 +0', 'certificate, while 0 records stand']);
    expect([world.recordsOf(), world.certificates.held.size, await world.dns()]).toEqual([[], 0, undefined]);
    expect(await world.story(id)).toContain('dns-withdrawn');
  });

  test('needs no certificate for its plan, but is told of the one there is', async () => {
    const [arn] = [...world.certificates.held.keys()];
    world.certificates.change(arn ?? '', { status: 'expired' });
    const id = await world.deploy('dev1', 1, { operation: 'destroy' });
    const states: (string | undefined)[] = [];
    while (world.workflow.stateOf(id) !== 'AnalyzePlan') {
      await world.workflow.step(id);
      states.push(world.workflow.stateOf(id));
    }
    expect(states).not.toContain('EnsureCertificate');
    expect((await world.settle(id)).status).toBe('succeeded');
  });

  test('keeps the records and the certificate while it is not destroyed yet', async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'fails' });
    expect((await destroy()).status).toBe('failed');
    expect([addresses().length, world.certificates.held.size]).toEqual([1, 1]);
  });

  test('withdraws them also when Terraform has nothing left to destroy', async () => {
    world.builds.terraform = () => ({ plan: 'no-changes', apply: 'succeeds' });
    expect((await destroy()).status).toBe('succeeded');
    expect([world.recordsOf(), world.certificates.held.size]).toEqual([[], 0]);
  });

  test('waits for a certificate that something still serves', async () => {
    const [arn = ''] = [...world.certificates.held.keys()];
    world.certificates.change(arn, { usedBy: ['arn:lb'] });
    const id = await world.deploy('dev1', 1, { operation: 'destroy' });
    for (let looks = 0; looks < 5; looks++) {
      await world.finish(id);
      world.surroundings.advance(30);
    }
    expect([await world.statusOf(id), world.recordsOf()]).toEqual(['applying', []]);
    world.certificates.change(arn, { usedBy: [] });
    expect((await world.settle(id)).status).toBe('succeeded');
    expect(world.certificates.held.size).toBe(0);
  });

  test('says who serves a certificate for too long, and is finished by the next attempt', async () => {
    const [arn = ''] = [...world.certificates.held.keys()];
    world.certificates.change(arn, { usedBy: ['arn:aws:elasticloadbalancing:lb'] });
    const { id, status } = await destroy();
    expect(status).toBe('failed');
    expect(await world.errorOf(id)).toMatchObject({
      reason: 'certificate-in-use',
      message: expect.stringContaining(`${arn} cannot be deleted: arn:aws:elasticloadbalancing:lb`),
    });
    world.certificates.change(arn, { usedBy: [] });
    expect((await destroy()).status).toBe('succeeded');
    expect([world.certificates.held.size, await world.dns()]).toEqual([0, undefined]);
  });

  test('leaves a record that somebody else has put in the place of ours, and says so', async () => {
    world.zones.put(ZONE, THEIRS);
    const { id, status } = await destroy();
    expect([status, world.recordsOf()]).toEqual(['succeeded', [THEIRS]]);
    const { items } = await world.store.list({
      kind: 'deploymentEvent',
      partition: `DEPLOYMENT#${id}`,
      prefix: 'EVENT#',
      order: 'ascending',
    });
    expect(items.find(({ type }) => type === 'dns-withdrawn')?.details).toMatchObject({
      left: [`A ${HOSTNAME} -> 192.0.2.1`],
    });
  });

  test('does not mind a zone that is gone already', async () => {
    world.zones.all.length = 0;
    world.zones.content.clear();
    expect((await destroy()).status).toBe('succeeded');
    expect([world.certificates.held.size, await world.dns()]).toEqual([0, undefined]);
  });

  test('goes on where an error stopped it', async () => {
    const { delete: remove } = world.certificates;
    world.certificates.delete = async (...call) => {
      world.certificates.delete = remove;
      await remove.apply(world.certificates, call);
      throw new RoleRefusedError('the role was taken away');
    };
    expect((await destroy()).status).toBe('failed');
    expect((await destroy()).status).toBe('succeeded');
    expect(await world.dns()).toBeUndefined();
  });

  test('can be deployed again, with a new certificate', async () => {
    await destroy();
    expect((await world.run()).status).toBe('succeeded');
    expect([addresses(), proofs().length, world.certificates.held.size]).toEqual([[ALIAS], 1, 1]);
  });
});

test('an environment that never came to be deployed can be destroyed for the certificate it has', async () => {
  world.builds.terraform = () => ({ plan: 'fails', apply: 'succeeds' });
  expect((await world.run('dev1', { release: 1 })).status).toBe('failed');
  expect(world.certificates.held.size).toBe(1);
  world.builds.terraform = () => ({ plan: 'no-changes', apply: 'succeeds' });
  expect((await world.run('dev1', { release: 1, operation: 'destroy' })).status).toBe('succeeded');
  expect([world.recordsOf(), world.certificates.held.size]).toEqual([[], 0]);
});

describe('an environment whose setting is taken away', () => {
  test('has its records and its certificate withdrawn by the next deployment', async () => {
    await world.run();
    await world.change('dev1', { dns: undefined });
    const { status } = await world.run();
    expect([status, world.recordsOf(), world.certificates.held.size]).toEqual(['succeeded', [], 0]);
    expect(await world.dns()).toBeUndefined();
  });

  test('gives its hostname free only then', async () => {
    const claim = () => world.store.get('hostnameClaim', { hostname: HOSTNAME });
    await world.write('hostnameClaim', {
      hostname: HOSTNAME,
      application: 'my-app',
      environment: 'dev1',
      at: '2026-11-23T10:00:00.000Z',
    });
    await world.run();
    await world.run('dev1', { release: 2, operation: 'destroy' });
    expect(await claim()).toBeDefined();
    await world.run();
    await world.change('dev1', { dns: undefined });
    expect(await claim()).toBeDefined();
    await world.run();
    expect(await claim()).toBeUndefined();
  });
});
