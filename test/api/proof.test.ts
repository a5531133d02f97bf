import { describe, expect, test } from '@jest/globals';
import { PROOF_LIFT_SECONDS } from '../../lambdas/domain/model/proof/proof-lift.ts';
import { aHeadline, commitOf, NOW } from '../harness/builders.ts';
import { APPLICATION, JANE, PipelineWorld } from './pipeline-world.ts';
import { TestApi } from './test-api.ts';

const app = '/applications/my-app';
const prod1 = `${app}/environments/prod1`;
const IDENTITY = '3f2a'.repeat(16);
const reason = 'agreed with the client on Monday';

describe('POST …/proof-lifts', () => {
  test.each([
    [{ call: 'module.web', identity: IDENTITY }, IDENTITY],
    [{ engine: 'terraform 1.12' }, 'engine terraform 1.12'],
    [{ provider: 'registry.terraform.io/hashicorp/aws 5.100' }, 'provider registry.terraform.io/hashicorp/aws 5.100'],
  ])('lifts the proof of %j once, for seven days, and the environment shows it until then', async (named, subject) => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.post(`${prod1}/proof-lifts`, { ...named, reason }, JANE);
    const expiresAt = new Date(Date.parse(NOW) + PROOF_LIFT_SECONDS * 1000).toISOString();
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { subject, reason, by: { principal: JANE }, expiresAt },
    });
    expect((await world.get(prod1)).body.proofLifts).toEqual([{ subject, reason, by: JANE, at: NOW, expiresAt }]);
    expect((await world.get(`${app}/environments/stage1`)).body.proofLifts).toEqual([]);
    world.surroundings.advance(PROOF_LIFT_SECONDS);
    expect((await world.get(prod1)).body.proofLifts).toEqual([]);
  });

  test.each([
    [{}, 'body', '{"reason":"agreed with the client on Monday"}'],
    [{ identity: IDENTITY }, 'call', 'nothing'],
    [{ call: 'module.web' }, 'identity', 'nothing'],
    [{ call: 'module.web', identity: '3f2a' }, 'identity', '"3f2a"'],
    [{ engine: 'terraform 1.12.3' }, 'engine', '"terraform 1.12.3"'],
    [{ engine: 'opentofu 1.12' }, 'engine', '"opentofu 1.12"'],
    [{ provider: 'hashicorp/aws 5.100' }, 'provider', '"hashicorp/aws 5.100"'],
    [{ call: 'module.web', identity: IDENTITY, engine: 'terraform 1.12' }, 'engine', '"terraform 1.12"'],
    [{ call: 'module.web', identity: IDENTITY, address: 'x' }, 'address', '"x"'],
    [{ call: 'module.web', identity: IDENTITY, reason: 'because' }, 'reason', '"because"'],
  ])('names the one field that is wrong in %j, and its value', async (named, field, value) => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.post(`${prod1}/proof-lifts`, { reason, ...named });
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field, value, message: expect.not.stringContaining('Invalid input') }]);
    expect((await world.get(prod1)).body.proofLifts).toEqual([]);
  });

  test('is refused for an ephemeral environment, where nothing has to be proven, and for one that is not there', async () => {
    const world = await PipelineWorld.create();
    await world.post(`${app}/ephemeral-environments`, {
      name: 'pr-7',
      basedOn: 'dev1',
      commit: commitOf(7),
      ttlHours: 2,
    });
    const body = { engine: 'terraform 1.12', reason };
    expect(await world.post(`${app}/environments/pr-7/proof-lifts`, body)).toMatchObject({
      status: 409,
      body: { type: 'urn:stagegate:problem:not-allowed-here' },
    });
    expect(await world.post(`${app}/environments/qa9/proof-lifts`, body)).toMatchObject({ status: 404 });
  });

  test('is described as one object with all fields', async () => {
    const { body } = await new TestApi().get('/openapi.json');
    const route = body.paths['/applications/{app}/environments/{env}/proof-lifts'].post;
    const schema = route.requestBody.content['application/json'].schema;
    expect(Object.keys(schema.properties)).toEqual(['call', 'identity', 'engine', 'provider', 'reason']);
    expect(schema.required).toEqual(['reason']);
  });
});

describe('policy.….proof of an application', () => {
  const put = async (policy: object) => {
    const world = await PipelineWorld.create();
    const answer = await world.put(app, { ...APPLICATION, policy });
    return { ...answer, world };
  };

  test('is block in production and inform before, as every environment shows', async () => {
    const { body, world } = await put({});
    const modes = ({ policy }: typeof body) =>
      [policy.development, policy.staging, policy.production].map(({ proof }) => proof);
    expect(modes(body)).toEqual(['inform', 'inform', 'block']);
    expect((await world.get(prod1)).body.policy.proof).toBe('block');
  });

  test('cannot be less in production', async () => {
    const { status, body } = await put({ production: { proof: 'inform' } });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:policy-too-weak' });
    expect(body.detail).toContain('policy.production.proof is "inform"');
  });

  test.each([
    { staging: { proof: 'block' } },
    { production: { proof: 'block' } },
    { proof: { providers: 'block' } },
    { proof: { exempt: [] } },
    { proof: { exempt: ['terraform-aws-modules/vpc/aws', 'git::https://git.example/modules.git//web'] } },
  ])('may be %j', async (policy) => {
    const { status, body } = await put(policy);
    expect(status).toBe(200);
    expect(body.policy).toMatchObject(policy);
  });

  test.each<[string, string, string?]>([
    ['./modules/web', 'a local path'],
    ['../web', 'a local path above'],
    ['/srv/modules/web', 'an absolute path'],
    ['git::https://git.example/web?ref=main', 'a source with a ref'],
    ['', 'nothing'],
    ['two words', 'white space'],
    [
      'git::https://user:token@git.example/web',
      'a source with credentials',
      'git::https://(not shown)@git.example/web',
    ],
  ])('cannot exempt "%s": %s', async (source, _, shown = source) => {
    const { status, body } = await put({ proof: { exempt: ['terraform-aws-modules/vpc/aws', source] } });
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { field: 'policy.proof.exempt.1', value: JSON.stringify(shown), message: expect.any(String) },
    ]);
  });

  test.each([
    [{ staging: { proof: 'warn' } }, 'policy.staging.proof'],
    [{ proof: { providers: 'ignore' } }, 'policy.proof.providers'],
    [{ proof: { sources: [] } }, 'policy.proof.sources'],
    [{ ephemeral: { proof: 'block' } }, 'policy.ephemeral.proof'],
  ])('fails for %j, naming %s', async (policy, field) => {
    expect((await put(policy)).body.errors).toMatchObject([{ field }]);
  });

  test('is in the audit: who exempted what', async () => {
    const { world } = await put({ proof: { exempt: ['terraform-aws-modules/vpc/aws'] } });
    await world.put(app, { ...APPLICATION, policy: { proof: { exempt: [] } } });
    const { items } = (await world.get(`${app}/audit`, { order: 'newest', limit: '2' })).body;
    expect(items).toMatchObject([
      {
        type: 'application-configured',
        details: {
          policy: {
            from: { proof: { exempt: ['terraform-aws-modules/vpc/aws'] } },
            to: { proof: { exempt: [] } },
          },
        },
      },
      {
        type: 'application-configured',
        details: { policy: { from: null, to: { proof: { exempt: ['terraform-aws-modules/vpc/aws'] } } } },
      },
    ]);
  });
});

describe('a deployment', () => {
  const told = { subject: IDENTITY, call: 'module.waf', text: 'module.waf is waf 1.0.2' };
  const proof = {
    ...{ previous: 'stage1', mode: 'block' as const, of: 2, proven: 1, engine: 'terraform 1.11', notes: [] },
    ...{ unproven: [], unprovenCount: 0, lifted: [told], liftedCount: 1, exempt: [], exemptCount: 0 },
  };

  test('shows how its modules were judged, and the lifts that its apply uses', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    const path = `${app}/environments/dev1/deployments/${id}`;
    expect((await world.get(path)).body.proof).toBeNull();
    await world.plan(id, { headline: aHeadline({ proof }), proof: { mode: 'block', lifts: [IDENTITY], at: NOW } });
    expect((await world.get(path)).body.proof).toEqual({ ...proof, lifts: [IDENTITY] });
  });

  test('that is not judged shows null', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    await world.plan(id);
    expect((await world.get(`${app}/environments/dev1/deployments/${id}`)).body.proof).toBeNull();
  });
});
