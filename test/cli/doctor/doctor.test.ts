import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectApi } from '../../../cli/client/api-client.ts';
import { type ApplicationFacts, checkApplication } from '../../../cli/doctor/application-checks.ts';
import { readApplicationFacts } from '../../../cli/doctor/application-facts.ts';
import { API_VERSION } from '../../../cli/doctor/installation-checks.ts';
import { readNameServers } from '../../../cli/doctor/name-servers.ts';
import { APPLICATION, CLIENT, JANE, STAFF } from '../../api/pipeline-world.ts';
import { CommandLineWorld } from '../command-line-world.ts';

let world: CommandLineWorld;
beforeEach(async () => {
  world = await CommandLineWorld.create();
});
afterEach(() => world.stop());

/** What the API tells, as if it were on AWS. */
async function facts(more: Partial<ApplicationFacts> = {}): Promise<ApplicationFacts> {
  const connection = { url: world.served.url, region: undefined, principal: undefined, from: 'the test' };
  const api = connectApi(connection, {
    sleep: async () => undefined,
    interrupted: new AbortController().signal,
  } as Parameters<typeof connectApi>[1]);
  return { ...(await readApplicationFacts(api, 'my-app')), isLocal: false, ...more };
}

async function found(name: string, more: Partial<ApplicationFacts> = {}) {
  return (await checkApplication(await facts(more))).find((check) => check.name === name);
}

describe('the command', () => {
  test('says which checks it cannot make in a local cloud, and ends with 1 for a problem', async () => {
    const { code, stdout } = await world.run('doctor --json');
    const { checks } = JSON.parse(stdout);
    const resultOf = (name: string) => checks.find((check: { name: string }) => check.name === name)?.result;
    expect(resultOf('API')).toBe('ok');
    expect(resultOf('CodeBuild quota')).toBe('unknown');
    expect(resultOf('roles of dev1')).toBe('unknown');
    expect(resultOf('records and deployments')).toBe('ok');
    expect(resultOf('approvers of staff')).toBe('problem');
    expect(
      checks.filter((check: { result: string; next?: string }) => check.result === 'problem' && !check.next),
    ).toEqual([]);
    expect(code).toBe(1);
    const text = (await world.run('doctor')).stdout;
    expect(text).toMatch(/^not checked {2}CodeBuild quota: a local cloud has no quotas$/m);
    expect(text).toMatch(/^PROBLEM {6}approvers of client: 1 are needed, and 0 can decide$/m);
  });

  test('ends with 0 if nothing is wrong', async () => {
    await world.api.approver(STAFF, 'staff', [JANE]);
    await world.api.approver(CLIENT, 'client');
    const { code, stdout } = await world.run('doctor');
    expect(stdout).not.toContain('PROBLEM');
    expect(code).toBe(0);
  });
});

test('with several applications and none named, the installation is looked at', async () => {
  await world.api.put('/applications/other', APPLICATION);
  const { code, stdout } = await world.run('doctor');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok +API: /m);
  expect(stdout).toMatch(/^not checked {2}application: there are several applications: my-app, other\n +Name one/m);
  expect(JSON.parse((await world.run('doctor other --json')).stdout)).toMatchObject({ application: 'other' });
});

test('another version of the API is a problem', async () => {
  expect((await world.api.get('/openapi.json')).body.info.version).toBe(API_VERSION);
  world.served.instead.push(
    { status: 200, body: JSON.stringify({ status: 'ok' }), headers: { 'content-type': 'application/json' } },
    { status: 200, body: JSON.stringify({ info: { version: '2' } }), headers: { 'content-type': 'application/json' } },
  );
  expect((await world.run('doctor')).stdout).toMatch(/^PROBLEM +versions: .* and this is version 2$/m);
});

describe('roles', () => {
  test('are known by what builds did with them', async () => {
    const { api } = world;
    expect(await found('roles of dev1')).toMatchObject({
      result: 'unknown',
      next: expect.stringContaining('222222222222'),
    });
    await api.end(await api.release(1));
    expect(await found('roles of dev1')).toMatchObject({
      result: 'ok',
      text: expect.stringContaining('none of the last'),
    });
  });

  test('are in doubt when the newest deployment failed before it had a plan', async () => {
    const { api } = world;
    await api.end(await api.release(1), 'failed');
    expect(await found('roles of dev1')).toMatchObject({ result: 'problem', next: expect.stringContaining('role/') });
  });
});

describe('approvers', () => {
  test('who have not confirmed are named, also when enough others can decide', async () => {
    const { api } = world;
    await api.put(`/applications/my-app/approvers/${STAFF}`, { gates: ['staff'] });
    expect(await found('approvers of staff')).toMatchObject({
      result: 'problem',
      text: expect.stringContaining(`${STAFF} (pending)`),
    });
    await api.approver('second@example.com', 'staff');
    expect(await found('approvers of staff')).toMatchObject({
      result: 'problem',
      text: `no mail reaches ${STAFF} (pending)`,
    });
    api.mail.click(STAFF);
    expect(await found('approvers of staff')).toMatchObject({ result: 'ok' });
  });
});

test('all approvers are looked at, however many there are', async () => {
  const { api } = world;
  for (let at = 0; at < 120; at++)
    await api.put(`/applications/my-app/approvers/a${at}@example.com`, { gates: ['staff'] });
  await api.approver('z@example.com', 'client');
  expect(await found('approvers of client')).toMatchObject({ result: 'ok' });
});

test('an environment that is not defined yet is a problem', async () => {
  const { environments, ...rest } = await facts();
  const checks = await checkApplication({ ...rest, environments: environments.slice(0, 2) });
  expect(checks[0]).toMatchObject({ result: 'problem', text: 'not defined yet: prod1' });
});

describe('engines', () => {
  const withEngines = async (...versions: string[]) => {
    const { environments, ...rest } = await facts();
    const made = environments.map((environment, at) => {
      const engine = versions[at] === undefined ? null : { name: 'terraform' as const, version: versions[at] };
      const [deployment] = environment.history;
      return { ...environment, history: deployment ? [{ ...deployment, engine }] : [] };
    });
    return (await checkApplication({ ...rest, environments: made })).find(({ name }) => name === 'engine');
  };

  test.each([
    [[], 'unknown'],
    [['1.11.4', '1.11.9', '1.11.0'], 'ok'],
    [['1.12.0', '1.11.4', '1.11.4'], 'ok'],
    [['1.11.4', '1.12.0', '1.11.4'], 'problem'],
    [['1.9.0', '1.10.0'], 'problem'],
  ])('%j: %s', async (versions, result) => {
    const { api } = world;
    await api.end(await api.release(1));
    for (const name of ['stage1', 'prod1'] as const) await api.succeed(1, name);
    expect((await withEngines(...versions))?.result).toBe(result);
  });
});

describe('DNS', () => {
  test.each([
    ['ENOTFOUND', []],
    ['ENODATA', []],
    ['ESERVFAIL', 'public DNS could not be asked: ESERVFAIL'],
    ['ETIMEOUT', 'public DNS could not be asked: ETIMEOUT'],
  ])('that answers %s', async (code, servers) => {
    const resolve = async () => Promise.reject(Object.assign(new Error('queryNs'), { code }));
    expect(await readNameServers('acme.example.', resolve)).toEqual(servers);
  });

  const certificate = {
    arn: 'arn:aws:acm:eu-west-1:222222222222:certificate/x',
    names: ['my-app.acme.example'],
    status: 'issued' as const,
    requestedAt: '2026-11-23T10:00:00.000Z',
    checkedAt: '2026-11-23T10:00:00.000Z',
  };
  const zone = { id: 'Z1', name: 'acme.example' };
  const dns = {
    hostname: 'my-app.acme.example',
    certificateNames: ['my-app.acme.example'],
    settings: null,
    zone,
    record: null,
    certificate,
  };

  test.each([
    [dns, ['ns-1.awsdns-01.org'], 'ok', 'delegated to ns-1.awsdns-01.org'],
    [dns, 'public DNS could not be asked: ESERVFAIL', 'unknown', 'could not be asked: ESERVFAIL'],
    [dns, [], 'problem', 'no name servers of acme.example'],
    [{ ...dns, zone: null, certificate: null }, [], 'unknown', 'no deployment has looked'],
    [{ ...dns, certificate: { ...certificate, problem: 'renewal_failed' } }, ['ns'], 'problem', 'renewal_failed'],
  ])('is looked up: case %#', async (settings, servers, result, said) => {
    const { environments, ...rest } = await facts({ nameServersOf: async () => servers });
    const checks = await checkApplication({
      ...rest,
      environments: environments.map((each) => ({ ...each, dns: settings })),
    });
    const [first] = checks.filter(({ name }) => name === 'DNS of dev1');
    expect(first).toMatchObject({ result, text: expect.stringContaining(said) });
  });
});
