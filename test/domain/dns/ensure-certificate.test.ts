import { beforeEach, describe, expect, test } from '@jest/globals';
import { preparePlan } from '../../../lambdas/domain/build/prepare-plan.ts';
import { ensureCertificate } from '../../../lambdas/domain/dns/ensure-certificate.ts';
import { anApplication, DNS_SETTINGS, HOSTNAME } from '../../harness/builders.ts';
import { DnsWorld, ZONE } from '../../harness/dns-world.ts';

let world: DnsWorld;
beforeEach(async () => {
  world = await DnsWorld.openWithDns();
});

/** Returns the variables that the plan gets once there is a certificate. */
const variablesOf = async (id: string, answer: Awaited<ReturnType<typeof ensureCertificate>>): Promise<unknown> => {
  if (answer.outcome !== 'ready') throw new Error(`the certificate is ${JSON.stringify(answer)}`);
  const { plan } = await preparePlan(world, id);
  const variable = plan.EnvironmentVariablesOverride.find(({ Name }) => Name === 'STAGEGATE_VARIABLES');
  return JSON.parse(variable?.Value ?? '');
};

/** Asks until the answer is not `pending`. */
async function ensure(id: string): ReturnType<typeof ensureCertificate> {
  for (let looks = 0; looks < 200; looks++) {
    const answer = await ensureCertificate(world, id);
    if (answer.outcome !== 'pending') return answer;
    world.surroundings.advance(answer.waitSeconds);
  }
  throw new Error('waits for ever');
}

const deploy = async () => world.deploy('dev1', 1);
/** Returns the record that ACM wants for the first name of a certificate. */
async function proofOf(arn = '') {
  const somebody = { roleArn: '', externalId: '', sessionName: '' };
  const described = await world.certificates.describe(somebody, 'eu-west-1', arn);
  return { name: '', value: '', ...described?.validation[0] };
}
const arns = () => [...world.certificates.held.keys()];

describe('a certificate', () => {
  test('is requested, proven in the zone and waited for, and the plan is told of it', async () => {
    const id = await deploy();
    const answer = await ensure(id);
    const [arn] = arns();
    expect(await variablesOf(id, answer)).toEqual({
      domain_name: { value: HOSTNAME, mode: 'when-declared' },
      certificate_arn: { value: arn, mode: 'when-declared' },
    });
    expect(await world.dns()).toMatchObject({
      hostname: HOSTNAME,
      zone: { id: ZONE, name: 'acme.example' },
      published: null,
      certificate: {
        arn,
        names: [HOSTNAME],
        status: 'issued',
        expiresAt: '2027-12-23T23:59:59.000Z',
        requestedFor: id,
      },
    });
    expect(world.recordsOf()).toEqual([
      expect.objectContaining({ type: 'CNAME', name: expect.stringMatching(new RegExp(`^_[0-9a-f]+\\.${HOSTNAME}$`)) }),
    ]);
    expect((await world.story(id)).filter((type) => type.startsWith('certificate'))).toEqual([
      'certificate-requested',
      'certificate-issued',
    ]);
  });

  test("is looked after as the environment's own role, and tagged with the environment", async () => {
    await ensure(await deploy());
    const role = 'arn:aws:iam::111111111111:role/stagegate-my-app-dev1-dns';
    expect([...world.certificates.roles, ...world.zones.roles]).toEqual([role, role]);
    expect([...world.certificates.held.values()][0]?.tags).toEqual({ 'stagegate-environment': 'my-app/dev1' });
  });

  test('is proven as a role of the zone’s own account where the zone has one', async () => {
    const roleArn = 'arn:aws:iam::999999999999:role/zones';
    await world.change('dev1', { dns: { ...DNS_SETTINGS, zone: { roleArn } } });
    await ensure(await deploy());
    expect([...world.zones.roles]).toEqual([roleArn]);
    expect([...world.certificates.roles]).toEqual(['arn:aws:iam::111111111111:role/stagegate-my-app-dev1-dns']);
    expect((await world.dns())?.zone).toEqual({ id: ZONE, name: 'acme.example', roleArn });
  });

  test('is used again by the next deployment', async () => {
    await world.run();
    const before = arns();
    expect((await ensure(await world.deploy('dev1', await world.release()))).outcome).toBe('ready');
    expect(arns()).toEqual(before);
  });

  test('that is on its way is waited for by the next deployment, not requested again', async () => {
    world.certificates.isVisible = () => false;
    expect((await world.run('dev1', { release: 1 })).status).toBe('failed');
    world.certificates.isVisible = () => true;
    const id = await world.deploy('dev1', 1);
    expect((await ensure(id)).outcome).toBe('ready');
    expect(arns()).toHaveLength(1);
  });

  test('for other names than are wanted is replaced', async () => {
    await world.run();
    const [old = ''] = arns();
    world.certificates.change(old, { names: ['other.acme.example'] });
    await ensure(await world.deploy('dev1', await world.release()));
    const dns = await world.dns();
    expect(dns?.certificate.arn).not.toBe(old);
    expect(dns?.replaced).toEqual([old]);
  });

  test.each(['expired', 'revoked', 'inactive', 'validation_timed_out', 'failed'] as const)(
    'that is %s is replaced, and deleted once nothing serves it',
    async (status) => {
      await world.run();
      const [old = ''] = arns();
      world.certificates.change(old, { status, usedBy: ['arn:aws:elasticloadbalancing:lb'] });
      expect((await world.run()).status).toBe('succeeded');
      expect(arns()).toHaveLength(2);
      expect((await world.dns())?.replaced).toEqual([old]);
      world.certificates.change(old, { usedBy: [] });
      await world.run();
      expect(arns()).toEqual([(await world.dns())?.certificate.arn]);
      expect((await world.dns())?.replaced).toEqual([]);
    },
  );

  test('that somebody deleted is requested again, also by the same deployment', async () => {
    const id = await deploy();
    await ensure(id);
    world.certificates.held.clear();
    expect((await ensure(id)).outcome).toBe('ready');
    expect(arns()).toEqual([(await world.dns())?.certificate.arn]);
    expect((await world.dns())?.replaced).toEqual([]);
  });

  test('that ACM fails ends the deployment with ACM’s reason, and is not requested in circles', async () => {
    const id = await deploy();
    await ensureCertificate(world, id);
    const [arn = ''] = arns();
    world.certificates.change(arn, { status: 'failed', failureReason: 'CAA_ERROR' });
    expect(await ensure(id)).toEqual({
      outcome: 'failed',
      reason: 'certificate-failed',
      message: `the certificate for ${HOSTNAME} is failed: CAA_ERROR`,
    });
    expect(arns()).toEqual([arn]);
  });

  test('for a name too long for a common name has a short one as well, proven in the same zone', async () => {
    const domain = 'internal-services-1.acme.example';
    await world.write('application', anApplication({ serviceDiscoveryDomain: domain }));
    await ensure(await deploy());
    const hostname = `my-app-dev1-eu-west-1.development.${domain}`;
    expect((await world.dns())?.certificate.names).toEqual([
      expect.stringMatching(/^c-[0-9a-f]{12}\.development\.internal-services-1\.acme\.example$/),
      hostname,
    ]);
    expect(world.recordsOf()).toHaveLength(2);
  });

  test('is requested once, whatever crashes', async () => {
    const id = await deploy();
    const { transact } = world.store;
    world.store.transact = () => Promise.reject(new Error('crash'));
    await expect(ensureCertificate(world, id)).rejects.toThrow('crash');
    world.store.transact = transact;
    expect((await ensure(id)).outcome).toBe('ready');
    expect(arns()).toHaveLength(1);
  });

  test('is not asked for while somebody wants to cancel', async () => {
    const id = await deploy();
    await world.cancel(id);
    expect(await ensureCertificate(world, id)).toEqual({ outcome: 'canceled' });
    expect(arns()).toEqual([]);
  });

  test('is not asked for by a deployment that does not hold the environment', async () => {
    await deploy();
    const waiting = await world.deploy('dev1', await world.release());
    await expect(ensureCertificate(world, waiting)).rejects.toMatchObject({ name: 'NotHolderError' });
    await expect(ensureCertificate(world, 'my-app-dev1-9-abcdef')).rejects.toMatchObject({ name: 'NotHolderError' });
    expect(arns()).toEqual([]);
  });
});

describe('ACM that never issues', () => {
  beforeEach(() => {
    world.certificates.isVisible = () => false;
  });

  test('ends the deployment after the patience of the configuration, with a reason that names the zone', async () => {
    const { id, status } = await world.run('dev1', { release: 1 });
    expect(status).toBe('failed');
    const error = await world.errorOf(id);
    expect(error).toMatchObject({ reason: 'certificate-pending', state: 'EnsureCertificate' });
    expect(error?.message).toMatch(/still PENDING_VALIDATION after 3600 seconds/);
    expect(error?.message).toContain(`zone ${ZONE} (acme.example)`);
    expect(error?.message).toContain('ns-1.z0acme.example');
    const waited = Date.parse(world.surroundings.now()) - Date.parse('2026-11-23T10:00:00.000Z');
    expect(waited / 1000).toBeGreaterThanOrEqual(3600);
    expect(waited / 1000).toBeLessThan(3700);
    expect(await world.deployment(id)).toMatchObject({ applied: 'no' });
    expect(await world.holderOf('dev1')).toBeUndefined();
  });

  test('is waited for as long again by the next deployment', async () => {
    await world.run('dev1', { release: 1 });
    const before = Date.parse(world.surroundings.now());
    await world.run('dev1', { release: 1 });
    expect((Date.parse(world.surroundings.now()) - before) / 1000).toBeGreaterThanOrEqual(3600);
  });

  test('says so when the public DNS cannot be asked', async () => {
    world.publicDns.isUnreachable = true;
    expect(await world.errorOf((await world.run('dev1', { release: 1 })).id)).toMatchObject({
      reason: 'certificate-pending',
      message: expect.stringContaining('could not be asked'),
    });
  });

  test('does not keep somebody from canceling', async () => {
    const id = await deploy();
    await world.workflow.run(id);
    world.surroundings.advance(30);
    await world.cancel(id);
    expect((await world.settle(id)).status).toBe('canceled');
  });
});

describe('a zone', () => {
  const fails = async (): Promise<{ reason: string; message: string }> => {
    const before = world.surroundings.now();
    const { id, status } = await world.run('dev1', { release: 1 });
    expect(status).toBe('failed');
    // The deployment failed at once, without waiting.
    expect(world.surroundings.now()).toBe(before);
    expect(arns()).toEqual([]);
    const error = await world.errorOf(id);
    return { reason: error?.reason ?? '', message: error?.message ?? '' };
  };

  test('that is not delegated is told at once, with its name servers', async () => {
    world.publicDns.delegations.clear();
    const { reason, message } = await fails();
    expect(reason).toBe('zone-not-delegated');
    expect(message).toBe(
      `zone ${ZONE} (acme.example) is not delegated: the public DNS knows no name servers of acme.example; ` +
        'its name servers are ns-1.z0acme.example',
    );
  });

  test.each([
    ['to somebody else', ['ns.other.example']],
    ['to somebody else as well', ['ns-1.z0acme.example', 'ns.other.example']],
  ])('that is delegated %s is told at once', async (_, servers) => {
    world.publicDns.delegations.set('acme.example', servers);
    const { reason, message } = await fails();
    expect(reason).toBe('zone-not-delegated');
    expect(message).toContain('ns.other.example');
  });

  test('may be served under names of its owner’s that its own record tells', async () => {
    world.zones.put(ZONE, { name: 'acme.example', type: 'NS', ttl: 60, values: ['ns1.acme.example'] });
    world.publicDns.delegations.set('acme.example', ['ns1.acme.example']);
    world.certificates.isVisible = () => true;
    expect((await ensure(await deploy())).outcome).toBe('ready');
  });

  test('is not blamed when nobody can be asked', async () => {
    world.publicDns.isUnreachable = true;
    expect((await ensure(await deploy())).outcome).toBe('ready');
  });

  test('whose delegation is lost later does not stop deployments that have their certificate', async () => {
    await world.run();
    world.publicDns.delegations.clear();
    expect((await world.run()).status).toBe('succeeded');
  });

  test('is the nearest one that contains the hostname', async () => {
    world.delegate(world.zones.add('Z0NEAR', 'development.acme.example'));
    world.zones.add('Z0OTHER', 'staging.acme.example');
    await ensure(await deploy());
    expect((await world.dns())?.zone).toEqual({ id: 'Z0NEAR', name: 'development.acme.example' });
  });

  test('that was deleted and made again is found again, and written again', async () => {
    await world.run();
    const records = world.recordsOf();
    world.zones.all.length = 0;
    world.zones.content.clear();
    world.delegate(world.zones.add('Z0ANEW', 'acme.example'));
    expect((await world.run()).status).toBe('succeeded');
    expect((await world.dns())?.zone.id).toBe('Z0ANEW');
    expect(world.recordsOf('Z0ANEW')).toEqual(expect.arrayContaining(records));
    expect(arns()).toHaveLength(1);
  });

  test('that is configured is used, whatever is nearer', async () => {
    world.delegate(world.zones.add('Z0NEAR', 'development.acme.example'));
    await world.change('dev1', { dns: { ...DNS_SETTINGS, zone: { id: ZONE } } });
    await ensure(await deploy());
    expect((await world.dns())?.zone.id).toBe(ZONE);
  });

  test('that is not there is told with what was looked for', async () => {
    world.zones.all.length = 0;
    const { reason, message } = await fails();
    expect(reason).toBe('zone-not-found');
    expect(message).toContain(`${HOSTNAME}, development.acme.example, acme.example`);
  });

  test('that is configured but not there is told', async () => {
    await world.change('dev1', { dns: { ...DNS_SETTINGS, zone: { id: 'Z0NOWHERE' } } });
    expect(await fails()).toMatchObject({ reason: 'zone-not-found', message: expect.stringContaining('Z0NOWHERE') });
  });

  test('that cannot hold the hostname is told', async () => {
    world.zones.add('Z0FOREIGN', 'other.example');
    await world.change('dev1', { dns: { ...DNS_SETTINGS, zone: { id: 'Z0FOREIGN' } } });
    expect(await fails()).toEqual({
      reason: 'zone-mismatch',
      message: `zone Z0FOREIGN (other.example) cannot hold ${HOSTNAME}`,
    });
  });

  test('that there are two of must be chosen', async () => {
    world.zones.add('Z0TWIN', 'acme.example');
    const { reason, message } = await fails();
    expect(reason).toBe('zone-ambiguous');
    expect(message).toContain(`${ZONE}, Z0TWIN`);
    await world.change('dev1', { dns: { ...DNS_SETTINGS, zone: { id: ZONE } } });
    expect((await ensure(await world.deploy('dev1', 1))).outcome).toBe('ready');
  });

  test('whose top the hostname is takes no CNAME there', async () => {
    world.delegate(world.zones.add('Z0TOP', HOSTNAME));
    await world.change('dev1', { dns: { record: { kind: 'cname', nameOutput: 'host', ttl: 60 } } });
    expect(await fails()).toMatchObject({ reason: 'zone-mismatch', message: expect.stringContaining('alias') });
  });
});

describe('records of others', () => {
  test.each([
    ['an address', { type: 'A', ttl: 60, values: ['192.0.2.1'] }],
    ['an address of the other kind', { type: 'AAAA', ttl: 60, values: ['2001:db8::1'] }],
    ['a CNAME', { type: 'CNAME', ttl: 60, values: ['theirs.example'] }],
  ])('%s at the hostname is told before anything is planned or applied', async (_, record) => {
    world.zones.put(ZONE, { name: HOSTNAME, ...record });
    const { id } = await world.run('dev1', { release: 1 });
    expect(await world.errorOf(id)).toMatchObject({
      reason: 'record-not-ours',
      message: expect.stringContaining(`${record.type} ${HOSTNAME} -> ${record.values[0]} exists in zone ${ZONE}`),
    });
    expect([world.builds.applied, arns()]).toEqual([[], []]);
    expect(world.recordsOf()).toEqual([{ name: HOSTNAME, ...record }]);
  });

  test('in place of a record that proves a name are not overwritten', async () => {
    const id = await deploy();
    world.certificates.looksUntilRecords = 0;
    await ensureCertificate(world, id);
    const { name } = await proofOf(arns()[0]);
    const theirs = { name, type: 'CNAME', ttl: 60, values: ['theirs.example'] };
    world.zones.content.set(ZONE, [theirs]);
    const answer = await ensureCertificate(world, id);
    expect(answer).toMatchObject({ outcome: 'failed', reason: 'record-not-ours' });
    expect(world.recordsOf()).toEqual([theirs]);
  });

  test('that prove the same name already are left as they are, and are not ours', async () => {
    const id = await deploy();
    world.certificates.looksUntilRecords = 0;
    await ensureCertificate(world, id);
    const { name, value } = await proofOf(arns()[0]);
    world.zones.put(ZONE, { name, type: 'CNAME', ttl: 86_400, values: [`${value.toUpperCase()}.`] });
    world.certificates.isVisible = () => true;
    expect((await ensure(id)).outcome).toBe('ready');
    expect((await world.dns())?.written).toEqual([]);
  });

  test('that Route 53 protects are told in its own words, and nothing stays written down', async () => {
    const id = await deploy();
    const { change } = world.zones;
    world.zones.change = async () => ({ refused: 'the zone is protected' });
    expect(await ensure(id)).toMatchObject({
      outcome: 'failed',
      reason: 'record-refused',
      message: `zone ${ZONE} (acme.example) was not changed: the zone is protected`,
    });
    expect((await world.dns())?.written).toEqual([]);
    world.zones.change = change;
    expect((await ensure(id)).outcome).toBe('ready');
  });

  test('that are ours are found again after an answer of Route 53 was lost', async () => {
    const id = await deploy();
    const { change } = world.zones;
    world.zones.change = async (...call) => {
      await change.apply(world.zones, call);
      world.zones.change = change;
      // The answer that the SDK gets when it asks again.
      return change.apply(world.zones, call);
    };
    expect((await ensure(id)).outcome).toBe('ready');
    expect((await world.dns())?.written).toEqual(world.recordsOf());
  });

  test('that are ours are found again after a crash between Route 53 and the table', async () => {
    const id = await deploy();
    const { change } = world.zones;
    world.zones.change = async (...call) => {
      world.zones.change = change;
      await change.apply(world.zones, call);
      throw new Error('crash');
    };
    await expect(ensure(id)).rejects.toThrow('crash');
    expect((await ensure(id)).outcome).toBe('ready');
    expect((await world.dns())?.written).toEqual(world.recordsOf());
  });

  test('that prove the names are made again when somebody removed them: renewals need them', async () => {
    await world.run();
    const records = world.recordsOf();
    const proof = records.find(({ name }) => name.startsWith('_'));
    world.zones.drop(ZONE, proof?.name ?? '');
    expect((await world.run()).status).toBe('succeeded');
    expect(world.recordsOf()).toEqual(expect.arrayContaining(records));
  });
});

describe('an environment without DNS', () => {
  test('never comes to any of it', async () => {
    await world.change('dev1', { dns: undefined });
    const { status } = await world.run();
    expect([status, arns(), world.recordsOf(), await world.dns()]).toEqual(['succeeded', [], [], undefined]);
    expect([...world.zones.roles, ...world.certificates.roles]).toEqual([]);
  });
});
