import { describe, expect, test } from '@jest/globals';
import { anEnvironmentDns, HOSTNAME } from '../harness/builders.ts';
import { APPLICATION, environmentBody, PipelineWorld } from './pipeline-world.ts';

const app = '/applications/my-app';
const dev1 = `${app}/environments/dev1`;
const DNS = { record: { kind: 'alias', nameOutput: 'lb_name', zoneIdOutput: 'lb_zone_id' } };
const body = (dns: object | null = DNS) => ({ ...environmentBody('dev1'), ...(dns && { dns }) });

async function create(domain: string | undefined = 'acme.example'): Promise<PipelineWorld> {
  const world = await PipelineWorld.create();
  await world.put(app, { ...APPLICATION, ...(domain && { serviceDiscoveryDomain: domain }) });
  return world;
}

const claimOf = (world: PipelineWorld, hostname = HOSTNAME) => world.store.get('hostnameClaim', { hostname });

/** Records DNS as a deployment that published it does. */
const publish = (world: PipelineWorld, facts: Parameters<typeof anEnvironmentDns>[0] = {}) =>
  world.store.transact(async (transaction) => transaction.insert('environmentDns', anEnvironmentDns(facts)));

describe('the DNS of an environment', () => {
  test('is shown with its hostname from the moment it is asked for', async () => {
    const world = await create();
    const { status, body: environment } = await world.put(dev1, body());
    expect(status).toBe(200);
    expect(environment.dns).toEqual({
      hostname: HOSTNAME,
      certificateNames: [HOSTNAME],
      settings: DNS,
      zone: null,
      record: null,
      certificate: null,
    });
    expect(environment.roles.dns).toBe('arn:aws:iam::222222222222:role/stagegate-my-app-dev1-dns');
    expect(await claimOf(world)).toMatchObject({ application: 'my-app', environment: 'dev1' });
  });

  test('is shown with zone, record, certificate, status and expiry once it is published', async () => {
    const world = await create();
    await world.put(dev1, body());
    await publish(world);
    const { body: environment } = await world.get(dev1);
    expect(environment.dns).toMatchObject({
      hostname: HOSTNAME,
      zone: { id: 'Z1', name: 'acme.example' },
      record: { type: 'A', target: 'lb.example', since: '2026-11-23T10:00:00.000Z' },
      certificate: {
        arn: 'arn:aws:acm:eu-west-1:111111111111:certificate/1',
        names: [HOSTNAME],
        status: 'issued',
        expiresAt: '2027-12-23T23:59:59.000Z',
      },
    });
    expect(environment.dns.certificate.problem).toBeUndefined();
  });

  test('tells what the last check of its certificate found wrong', async () => {
    const world = await create();
    const { certificate } = anEnvironmentDns();
    await publish(world, { certificate: { ...certificate, announced: { problem: 'expiring' } } });
    expect((await world.get(dev1)).body.dns).toMatchObject({ settings: null, certificate: { problem: 'expiring' } });
  });

  test('is null where there is none', async () => {
    const world = await create();
    expect((await world.get(dev1)).body.dns).toBeNull();
  });
});

describe('a setting that cannot be', () => {
  const refused = async (world: PipelineWorld, wanted: object) => {
    const before = await world.store.get('environment', { application: 'my-app', name: 'dev1' });
    const { status, body: problem } = await world.put(dev1, { ...body(), ...wanted });
    expect(await world.store.get('environment', { application: 'my-app', name: 'dev1' })).toEqual(before);
    return { status, type: problem.type?.split(':').at(-1), text: JSON.stringify(problem) };
  };

  test('is refused without a service discovery domain', async () => {
    const { status, type, text } = await refused(await PipelineWorld.create(), {});
    expect([status, type]).toEqual([409, 'no-service-domain']);
    expect(text).toContain('serviceDiscoveryDomain');
  });

  test('is refused when no certificate could name the hostname', async () => {
    const { status, type, text } = await refused(await create(`${'d'.repeat(63)}.example`), {});
    expect([status, type]).toEqual([409, 'hostname-too-long']);
    expect(text).toContain('at most 64 characters');
  });

  test.each([
    [{ dns: {} }, 'dns.record'],
    [{ dns: { record: { kind: 'a', nameOutput: 'x' } } }, 'dns.record.kind'],
    [{ dns: { record: { kind: 'alias', nameOutput: 'lb' } } }, 'dns.record.zoneIdOutput'],
    [{ dns: { record: { kind: 'cname', nameOutput: 'lb', zoneIdOutput: 'z' } } }, 'zoneIdOutput'],
    [{ dns: { record: { kind: 'cname', nameOutput: 'not a name' } } }, 'dns.record.nameOutput'],
    [{ dns: { record: { kind: 'cname', nameOutput: 'lb', ttl: 0 } } }, 'dns.record.ttl'],
    [{ dns: { ...DNS, zone: { id: '/hostedzone/Z1' } } }, 'dns.zone.id'],
    [{ dns: { ...DNS, zone: { name: 'acme.example' } } }, 'name'],
    [{ dns: { ...DNS, zone: { roleArn: 'admin' } } }, 'dns.zone.roleArn'],
    [{ roles: { dns: 'arn:aws:iam::999999999999:role/zones' } }, 'roles.dns'],
  ])('is refused by name: %j', async (wanted, field) => {
    const { status, type, text } = await refused(await create(), wanted);
    expect([status, type]).toEqual([400, 'invalid-input']);
    expect(text).toContain(field);
  });

  test('is refused when another environment has the hostname', async () => {
    // `my-app` + `dev1` and `my` + `app-dev1` give the same first part of the hostname. Both are registered, as they may
    // be in an installation from before such names were refused.
    const world = await create();
    await world.put(dev1, body(null));
    const other = { ...APPLICATION, serviceDiscoveryDomain: 'acme.example', pipeline: ['app-dev1', 'stage1', 'prod1'] };
    await world.put('/applications/my', other);
    await world.store.transact(async (transaction) => {
      const registered = await transaction.get('environment', { application: 'my-app', name: 'dev1' });
      if (registered) transaction.insert('environment', { ...registered, application: 'my', name: 'app-dev1' });
    });
    await world.put(dev1, body());
    const path = '/applications/my/environments/app-dev1';
    const { status, body: problem } = await world.put(path, body());
    expect([status, problem.type]).toEqual([409, 'urn:stagegate:problem:hostname-taken']);
    expect(problem.detail).toBe(`${HOSTNAME} is the hostname of my-app/dev1`);
    expect((await world.get(path)).body.dns).toBeNull();
    // The hostname is free again when its owner gives it up.
    await world.put(dev1, body(null));
    expect((await world.put(path, body())).status).toBe(200);
  });

  test('is raced for by two environments, and one gets it', async () => {
    const world = await create();
    const other = { ...APPLICATION, serviceDiscoveryDomain: 'acme.example', pipeline: ['app-dev1', 'stage1', 'prod1'] };
    await world.put('/applications/my', other);
    const answers = await Promise.all([
      world.put(dev1, body()),
      world.put('/applications/my/environments/app-dev1', body()),
    ]);
    expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(1);
  });
});

describe('what is published', () => {
  const published = async () => {
    const world = await create();
    const pipeline = ['dev0', 'dev1', 'stage1', 'prod1'];
    await world.put(app, { ...APPLICATION, serviceDiscoveryDomain: 'acme.example', pipeline });
    await world.put(`${app}/environments/dev0`, environmentBody('dev1'));
    await world.put(dev1, body());
    await publish(world);
    return world;
  };

  test.each([
    [{ stage: 'staging' }, 'hostname'],
    [{ region: 'eu-central-1' }, 'hostname'],
    [{ dns: { ...DNS, zone: { id: 'Z2' } } }, 'zone'],
    [{ dns: { ...DNS, zone: { roleArn: 'arn:aws:iam::999999999999:role/zones' } } }, 'role of the zone'],
  ])('is not left behind by %j', async (wanted, what) => {
    const world = await published();
    const { status, body: problem } = await world.put(dev1, { ...body(), ...wanted });
    expect([status, problem.type]).toEqual([409, 'urn:stagegate:problem:dns-published']);
    expect(problem.detail).toContain(what);
    expect(problem.detail).toContain(HOSTNAME);
  });

  test('may be pointed by other outputs, and named by its zone', async () => {
    const world = await published();
    const wanted = { zone: { id: 'Z1' }, record: { kind: 'cname', nameOutput: 'host' } };
    expect((await world.put(dev1, body(wanted))).body.dns.settings.record).toEqual({
      kind: 'cname',
      nameOutput: 'host',
      ttl: 300,
    });
  });

  test('keeps its hostname while it waits to be withdrawn', async () => {
    const world = await published();
    const { status, body: environment } = await world.put(dev1, body(null));
    expect([status, environment.dns.settings, environment.dns.hostname]).toEqual([200, null, HOSTNAME]);
    expect(await claimOf(world)).toBeDefined();
  });

  test('keeps the application from another domain and from being removed', async () => {
    const world = await published();
    const { pipeline } = (await world.get(app)).body;
    const moved = await world.put(app, { ...APPLICATION, serviceDiscoveryDomain: 'other.example', pipeline });
    expect([moved.status, moved.body.type]).toEqual([409, 'urn:stagegate:problem:dns-published']);
    const removed = await world.delete(app);
    expect([removed.status, removed.body.type]).toEqual([409, 'urn:stagegate:problem:dns-published']);
    expect(removed.body.detail).toContain(HOSTNAME);
  });

  test('is the setting alone, the domain stays too, but the application may go, and its hostname with it', async () => {
    const world = await create();
    await world.put(dev1, body());
    expect((await world.put(app, APPLICATION)).status).toBe(409);
    expect((await world.delete(app)).status).toBe(204);
    expect(await claimOf(world)).toBeUndefined();
  });
});

test('the setting stays as it is while a deployment is open', async () => {
  const world = await create();
  await world.release(1);
  const { status, body: problem } = await world.put(dev1, body());
  expect([status, problem.type]).toEqual([409, 'urn:stagegate:problem:deployments-open']);
  expect(problem.detail).toContain('dns');
  expect(await claimOf(world)).toBeUndefined();
});

test('an environment that moves before anything is published takes its new hostname and frees the old one', async () => {
  const world = await create();
  await world.put(dev1, body());
  await world.put(dev1, { ...body(), region: 'eu-central-1' });
  expect(await claimOf(world)).toBeUndefined();
  expect(await claimOf(world, HOSTNAME.replace('eu-west-1', 'eu-central-1'))).toBeDefined();
});
