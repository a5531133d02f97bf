import { beforeEach, describe, expect, test } from '@jest/globals';
import { MOST_ENVIRONMENTS } from '../../lambdas/domain/model/application.ts';
import { emptyState } from '../../lambdas/domain/model/environment-state.ts';
import type { GateName } from '../../lambdas/domain/policy.ts';
import { anEnvironment, anEnvironmentDns, commitOf, DIGEST } from '../harness/builders.ts';
import { APPLICATION, CLIENT, environmentBody, JANE, PipelineWorld, STAFF } from './pipeline-world.ts';
import type { Answer } from './test-api.ts';

const app = '/applications/my-app';
const DNS = { record: { kind: 'alias', nameOutput: 'lb_name', zoneIdOutput: 'lb_zone_id' } };
const KNOWN_ONLY = {
  policy: {
    staging: { knownRequester: true },
    development: { knownRequester: true },
    ephemeral: { knownRequester: true },
  },
};
const DAY = 24 * 3600;
let world: PipelineWorld;

beforeEach(async () => {
  world = await PipelineWorld.create();
});

/** The name of the problem with which the request was refused. */
const refusal = ({ status, body }: Answer): string => {
  expect(status).toBeGreaterThanOrEqual(400);
  return body.type.replace('urn:stagegate:problem:', '');
};
const ephemeral = (name: string, facts: object = {}) =>
  world.post(`${app}/ephemeral-environments`, { name, commit: commitOf(1), ...facts });
const deployments = (environment: string) => `${app}/environments/${environment}/deployments`;

describe('an application', () => {
  test('cannot have a live ephemeral environment in its pipeline', async () => {
    await ephemeral('pr-7');
    const pipeline = ['dev1', 'pr-7', 'stage1', 'prod1'];
    expect(refusal(await world.put(app, { ...APPLICATION, pipeline }))).toBe('environment-exists');
    // It was made before the pipeline had the name.
    const made = await world.store.get('application', { name: 'my-app' });
    if (made) await world.write('application', { ...made, pipeline });
    const added = await world.put(`${app}/environments/pr-7`, environmentBody('dev1'));
    expect(refusal(added)).toBe('environment-exists');
  });

  test('that has too many environments is neither moved to another repository nor removed', async () => {
    for (let number = 0; number < 80; number += 1)
      await world.write('environment', anEnvironment({ name: `old${number}` }));
    const elsewhere = { ...APPLICATION.configRepository, url: 'https://git.example.com/other.git' };
    expect(refusal(await world.put(app, { ...APPLICATION, configRepository: elsewhere }))).toBe('not-allowed-here');
    expect(80).toBeGreaterThan(MOST_ENVIRONMENTS);
    expect(refusal(await world.delete(app))).toBe('not-allowed-here');
  });
});

describe('an environment', () => {
  test('outside of the pipeline needs no lift of a proof', async () => {
    await world.put(app, { ...APPLICATION, pipeline: ['dev1', 'stage1'] });
    const lift = { engine: 'terraform 1.12', reason: 'it was tried elsewhere' };
    expect(refusal(await world.post(`${app}/environments/prod1/proof-lifts`, lift))).toBe('not-in-pipeline');
  });

  test('keeps the address of its state while a deployment is open', async () => {
    await world.release(1);
    const move = { to: 'bucket/apps/my-app/dev1.tfstate', reason: 'tidying up' };
    expect(refusal(await world.post(`${app}/environments/dev1/state-moves`, move))).toBe('deployments-open');
  });

  test('with DNS is not removed', async () => {
    await world.write('environmentDns', anEnvironmentDns());
    expect(refusal(await world.delete(`${app}/environments/dev1`))).toBe('dns-published');
  });

  test('is removed for a registered approver only, if the policy demands one and the state must be looked at', async () => {
    await world.end(await world.release(1));
    await world.write('environmentState', emptyState('my-app', 'dev1'));
    await world.write('stateAddress', { application: 'my-app', environment: 'dev1', address: 'b/k', former: [] });
    await world.put(app, { ...APPLICATION, ...KNOWN_ONLY });
    expect(refusal(await world.delete(`${app}/environments/dev1`))).toBe('requester-unknown');
  });
});

describe('a promotion', () => {
  const promote = (release?: number) => world.post(`${app}/promotions`, { to: 'stage1', ...(release && { release }) });

  test('waits for nothing that a newer one in the queue has overtaken', async () => {
    await world.end(await world.release(1));
    await world.end(await world.release(2));
    await world.deploy('stage1', 1);
    await world.end(await world.release(3));
    await world.deploy('stage1', 3);
    expect(refusal(await promote(2))).toBe('newer-release-queued');
    const asked = { release: 2, operation: 'deploy' };
    expect(refusal(await world.post(deployments('stage1'), asked))).toBe('newer-release-queued');
  });

  test('is for a registered approver only, if the policy demands one', async () => {
    await world.end(await world.release(1));
    await world.put(app, { ...APPLICATION, ...KNOWN_ONLY });
    expect(refusal(await promote(1))).toBe('requester-unknown');
  });

  test('into an environment that is being removed is refused', async () => {
    await world.end(await world.release(1));
    await world.write('stateAddress', { application: 'my-app', environment: 'stage1', address: 'b/k', former: [] });
    expect((await world.delete(`${app}/environments/stage1`)).status).toBe(202);
    expect(refusal(await promote(1))).toBe('environment-closing');
    expect(refusal(await world.post(deployments('stage1'), { release: 1 }))).toBe('environment-closing');
  });
});

describe('a deployment', () => {
  test('needs all environments before its own', async () => {
    await world.end(await world.release(1));
    await world.put(app, { ...APPLICATION, pipeline: ['dev1', 'dev2', 'stage1', 'prod1'] });
    expect(refusal(await world.post(deployments('stage1'), { release: 1 }))).toBe('pipeline-incomplete');
  });

  test('never goes back by itself', async () => {
    await world.end(await world.release(1));
    await world.end(await world.release(2));
    expect(refusal(await world.post(deployments('dev1'), { release: 1 }))).toBe('older-release');
  });

  test('that begins with an empty state is not taken for one that does not', async () => {
    await world.release(1);
    const adopting = { release: 1, adopt: 'empty-state' };
    expect(refusal(await world.post(deployments('dev1'), adopting))).toBe('deployments-open');
  });

  test('is released by hand only if it holds its environment, and if nothing of it runs', async () => {
    const first = await world.release(1);
    const release = (id: string) => world.post(`${deployments('dev1')}/${id}/release`, { reason: 'its build is gone' });
    expect(refusal(await release(first))).toBe('still-running');
    await world.end(first);
    expect(refusal(await release(first))).toBe('not-the-holder');
  });
});

describe('a gate', () => {
  const SAM = 'sam@example.com';
  async function waiting(required = 1) {
    await world.approver(STAFF, 'staff', [JANE]);
    await world.approver(SAM, 'staff');
    await world.approver(CLIENT, 'client');
    await world.end(await world.release(1));
    await world.succeed(1, 'stage1');
    const id = await world.deploy('prod1', 1);
    await world.plan(id, {
      gates: [
        { gate: 'staff', required },
        { gate: 'client', required: 1 },
      ],
    });
    await world.openGate(id, 'staff');
    const gates = `${deployments('prod1')}/${id}/gates`;
    return {
      id,
      link: (email: string) => world.post(`${gates}/staff/links`, { email }, JANE),
      decide: (gate: GateName, principal: string) =>
        world.post(`${gates}/${gate}/decisions`, { decision: 'approve', planDigest: DIGEST }, principal),
    };
  }

  test('mails no link to somebody without a subscription, and after it has expired to nobody', async () => {
    const { link } = await waiting();
    world.mail.lose(SAM);
    expect(refusal(await link(SAM))).toBe('approver-unreachable');
    world.surroundings.advance(8 * DAY);
    expect(refusal(await link(STAFF))).toBe('gate-expired');
  });

  test('mails no link to somebody who has decided', async () => {
    const { link, decide } = await waiting(2);
    await decide('staff', JANE);
    expect(refusal(await link(STAFF))).toBe('already-decided');
  });

  test('counts a session once, whoever it stands for', async () => {
    const { decide, id } = await waiting();
    expect((await decide('staff', JANE)).status).toBe(200);
    await world.openGate(id, 'client');
    // The session stands for another person now.
    await world.put(`${app}/approvers/${CLIENT}`, { gates: ['client'], principals: [JANE] });
    expect(refusal(await decide('client', JANE))).toBe('one-session-one-seat');
  });
});

describe('an approver', () => {
  test('is not confirmed when the topic is full', async () => {
    await world.put(`${app}/approvers/${STAFF}`, { gates: ['staff'] });
    world.mail.isFull = true;
    const link = world.mail.confirmationLink(STAFF);
    expect(refusal(await world.post(`${app}/approvers/${STAFF}/confirmation`, { link }))).toBe('approver-limit');
  });
});

describe('an ephemeral environment', () => {
  test('has names of its own', async () => {
    await world.put('/applications/my', { ...APPLICATION, pipeline: ['app-pr-7', 'stage1', 'prod1'] });
    await world.put('/applications/my/environments/app-pr-7', environmentBody('dev1'));
    expect(refusal(await ephemeral('pr-7'))).toBe('names-taken');
  });

  test('has a hostname that DNS allows and nobody else has', async () => {
    const domain = `${'d'.repeat(30)}.example`;
    await world.put('/applications/a', { ...APPLICATION, pipeline: ['d'], serviceDiscoveryDomain: domain });
    const first = await world.put('/applications/a/environments/d', { ...environmentBody('dev1'), dns: DNS });
    expect(first.body.dns.hostname).toHaveLength(64);
    const longer = await world.post('/applications/a/ephemeral-environments', { name: 'pr-7', commit: commitOf(1) });
    expect(refusal(longer)).toBe('hostname-too-long');
    await world.put(app, { ...APPLICATION, serviceDiscoveryDomain: 'acme.example' });
    await world.put(`${app}/environments/dev1`, { ...environmentBody('dev1'), dns: DNS });
    const hostname = 'my-app-pr-7-eu-west-1.development.acme.example';
    const at = world.surroundings.now();
    await world.write('hostnameClaim', { hostname, application: 'other', environment: 'dev1', at });
    expect(refusal(await ephemeral('pr-7'))).toBe('hostname-taken');
  });

  test('is deployed once its commit is known, for a registered approver if the policy demands one', async () => {
    await ephemeral('pr-7', { commit: undefined, ref: 'feature' });
    const again = `${app}/ephemeral-environments/pr-7/deployments`;
    expect(refusal(await world.post(again, {}))).toBe('nothing-deployed');
    await world.put(app, { ...APPLICATION, ...KNOWN_ONLY });
    expect(refusal(await world.post(again, { commit: commitOf(2) }))).toBe('requester-unknown');
  });
});
