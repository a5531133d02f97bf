import { describe, expect, test } from '@jest/globals';
import { headlineOf } from '../../lambdas/domain/plan/analysis.ts';
import { anAnalysis } from '../harness/analysis-builder.ts';
import { commitOf, DIGEST } from '../harness/builders.ts';
import { JANE, PipelineWorld, STAFF } from './pipeline-world.ts';

const app = '/applications/my-app';
const deployments = (environment: string) => `${app}/environments/${environment}/deployments`;
const problem = (name: string, status = 409) => ({ status, body: { type: `urn:stagegate:problem:${name}`, status } });

describe('POST /applications/{app}/releases', () => {
  test('numbers the release and starts its deployment to dev1', async () => {
    const world = await PipelineWorld.create();
    const request = { commit: commitOf(1), message: 'Say hello', author: 'Jane' };
    const { status, body } = await world.post(`${app}/releases`, request, JANE);
    expect(status).toBe(201);
    const words = { ...request, source: 'api', wordsFrom: 'request', stated: null };
    expect(body).toMatchObject({ ...words, number: 1, succeededIn: [] });
    expect(await world.store.get('deployment', { id: body.deploymentId })).toMatchObject({
      environment: 'dev1',
      status: 'planning',
      requestedBy: { principal: JANE },
    });
    expect([...world.workflow.executions.keys()]).toEqual([body.deploymentId]);
  });

  test('makes a new release of a commit that comes again', async () => {
    const world = await PipelineWorld.create();
    for (const number of [1, 2])
      expect((await world.post(`${app}/releases`, { commit: commitOf(1) })).body.number).toBe(number);
  });

  test.each([
    ['a short commit id', { commit: 'c0ffee' }, 'commit', '"c0ffee"'],
    ['no commit', {}, 'commit', 'nothing'],
    ['a branch', { commit: commitOf(1), branch: 'main' }, 'branch', '"main"'],
  ])('fails for %s', async (_, body, field, value) => {
    const world = await PipelineWorld.create();
    const answer = await world.post(`${app}/releases`, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ field, value }]);
  });

  test('fails for an application nobody made, and makes nothing', async () => {
    const world = await PipelineWorld.create();
    expect((await world.post('/applications/nothing/releases', { commit: commitOf(1) })).status).toBe(404);
    expect(await world.store.get('release', { application: 'nothing', number: 1 })).toBeUndefined();
  });
});

describe('GET …/releases', () => {
  test('lists them newest first with where they succeeded', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    await world.end(await world.release(2), 'failed');
    const { body } = await world.get(`${app}/releases`);
    expect(body.items).toMatchObject([
      { number: 2, succeededIn: [], environments: [{ environment: 'dev1', state: 'failed' }] },
      {
        number: 1,
        succeededIn: [{ environment: 'dev1' }],
        environments: [{ environment: 'dev1', state: 'passed' }],
      },
    ]);
  });

  test.each(['7', '9999999'])('fails for release %s, which is not there', async (number) => {
    const world = await PipelineWorld.create();
    expect(await world.get(`${app}/releases/${number}`)).toMatchObject(problem('not-found', 404));
  });

  test.each(['0', 'seven', '12345678', '1.5', '-1'])(
    'fails for "%s", which is no number of a release',
    async (number) => {
      const world = await PipelineWorld.create();
      const { status, body } = await world.get(`${app}/releases/${number}`);
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([{ field: 'number' }]);
    },
  );
});

describe('POST /applications/{app}/promotions', () => {
  test('deploys the release to the environment after the one it succeeded in', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const { status, body } = await world.post(`${app}/promotions`, { to: 'stage1', release: 1 });
    expect(status).toBe(202);
    expect(body).toMatchObject({ environment: 'stage1', release: 1, operation: 'deploy', status: 'planning' });
    expect(world.workflow.executions.has(body.id)).toBe(true);
  });

  test('takes the newest release that can be promoted when none is named', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    await world.end(await world.release(2));
    await world.end(await world.release(3), 'failed');
    const { body } = await world.post(`${app}/promotions`, { to: 'stage1' });
    expect(body.release).toBe(2);
  });

  test('answers 200 with the deployment that is under way for the same release', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const first = await world.post(`${app}/promotions`, { to: 'stage1' });
    const second = await world.post(`${app}/promotions`, { to: 'stage1', release: 1 });
    expect(second).toMatchObject({ status: 200, body: { id: first.body.id } });
    expect(world.workflow.executions.size).toBe(2);
  });

  test('fails when a stage would be skipped, whoever asks', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const answer = await world.post(`${app}/promotions`, { to: 'prod1', release: 1 });
    expect(answer).toMatchObject(problem('not-succeeded-before'));
    expect(answer.body.detail).toBe('release 1 of "my-app" has not succeeded in stage1, which comes before prod1');
    expect(await world.post(deployments('prod1'), { release: 1 })).toMatchObject(problem('not-succeeded-before'));
    expect((await world.get(deployments('prod1'))).body.items).toEqual([]);
  });

  test('fails when the release failed in the environment before', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1), 'failed');
    expect(await world.post(`${app}/promotions`, { to: 'stage1', release: 1 })).toMatchObject(
      problem('not-succeeded-before'),
    );
  });

  test('fails when nothing is newer than what the environment has', async () => {
    const world = await PipelineWorld.create();
    expect(await world.post(`${app}/promotions`, { to: 'stage1' })).toMatchObject(problem('nothing-to-promote'));
    await world.end(await world.release(1));
    await world.succeed(1, 'stage1');
    expect(await world.post(`${app}/promotions`, { to: 'stage1' })).toMatchObject(problem('nothing-to-promote'));
  });

  test('fails for an older release than the environment has', async () => {
    const world = await PipelineWorld.create();
    for (const number of [1, 2]) await world.end(await world.release(number));
    await world.succeed(2, 'stage1');
    expect(await world.post(`${app}/promotions`, { to: 'stage1', release: 1 })).toMatchObject(problem('older-release'));
  });

  test.each([
    ['an environment that is not there', { to: 'qa1', release: 1 }, 'environment "my-app/qa1" does not exist'],
    ['an environment that is not there and no release', { to: 'qa1' }, 'environment "my-app/qa1" does not exist'],
    ['a release that is not there', { to: 'stage1', release: 7 }, 'release "my-app 7" does not exist'],
  ])('fails for %s', async (_, body, detail) => {
    const world = await PipelineWorld.create();
    const answer = await world.post(`${app}/promotions`, body);
    expect(answer).toMatchObject({ ...problem('not-found', 404), body: { detail } });
  });

  test('fails for an environment that was taken out of the pipeline', async () => {
    const world = await PipelineWorld.create();
    const { configRepository } = (await world.get(app)).body;
    await world.put(app, { client: 'acme', configRepository, pipeline: ['dev1'] });
    await world.end(await world.release(1));
    for (const body of [{ to: 'stage1' }, { to: 'stage1', release: 1 }])
      expect(await world.post(`${app}/promotions`, body)).toMatchObject(problem('not-in-pipeline'));
  });

  test('fails while an environment before it is not defined', async () => {
    const world = await PipelineWorld.create();
    const { configRepository } = (await world.get(app)).body;
    await world.put(app, { client: 'acme', configRepository, pipeline: ['dev1', 'stage1', 'stage2', 'prod1'] });
    await world.end(await world.release(1));
    expect(await world.post(`${app}/promotions`, { to: 'prod1', release: 1 })).toMatchObject(
      problem('pipeline-incomplete'),
    );
  });
});

describe('POST …/deployments', () => {
  test('queues behind the deployment that has the environment', async () => {
    const world = await PipelineWorld.create();
    const first = await world.release(1);
    const { status, body } = await world.post(deployments('dev1'), { release: 1, operation: 'deploy' });
    expect({ status, id: body.id }).toEqual({ status: 200, id: first });
    const second = await world.release(2);
    expect((await world.get(`${deployments('dev1')}/${second}`)).body).toMatchObject({ status: 'queued', links: {} });
  });

  test('rolls back to an older release and holds the environment when that succeeded', async () => {
    const world = await PipelineWorld.create();
    for (const number of [1, 2]) await world.end(await world.release(number));
    const id = await world.deploy('dev1', 1, 'rollback', JANE);
    await world.end(id);
    const { body } = await world.get(`${app}/environments/dev1`);
    expect(body).toMatchObject({ deployed: { release: 1 }, hold: { reason: 'rolled back to release 1' } });
  });

  test('fails for a rollback to what is not older', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    expect(await world.post(deployments('dev1'), { release: 1, operation: 'rollback' })).toMatchObject(
      problem('not-a-rollback'),
    );
  });

  test('destroys what is deployed without being told the release', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const { status, body } = await world.post(deployments('dev1'), { operation: 'destroy' });
    expect(status).toBe(202);
    expect(body).toMatchObject({ operation: 'destroy', release: 1 });
  });

  test('begins with an empty state when somebody says so, and shows and records it', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1), 'failed');
    const { status, body } = await world.post(deployments('dev1'), { release: 1, adopt: 'empty-state' }, JANE);
    expect([status, body.adopt]).toEqual([202, 'empty-state']);
    expect((await world.get(deployments('dev1'))).body.items.map(({ adopt }: { adopt: unknown }) => adopt)).toEqual([
      ...['empty-state', null],
    ]);
    const { body: audit } = await world.get(`${app}/audit`, { order: 'newest' });
    expect(audit.items[0]).toMatchObject({
      type: 'requested',
      principal: JANE,
      details: { release: 1, operation: 'deploy', adopt: 'empty-state' },
    });
  });

  test.each([
    ['another word', { release: 1, adopt: 'state' }, '"state"'],
    ['a destruction', { operation: 'destroy', adopt: 'empty-state' }, '"empty-state"'],
  ])('fails to adopt with %s', async (_, body, value) => {
    const world = await PipelineWorld.create();
    const answer = await world.post(deployments('dev1'), body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ field: 'adopt', value }]);
  });

  test('fails to destroy where nothing is deployed', async () => {
    const world = await PipelineWorld.create();
    expect(await world.post(deployments('dev1'), { operation: 'destroy' })).toMatchObject(problem('nothing-deployed'));
  });

  test('fails to destroy production', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    await world.succeed(1, 'stage1', 'prod1');
    expect(await world.post(deployments('prod1'), { operation: 'destroy' })).toMatchObject(
      problem('production-protected'),
    );
  });

  test('fails to destroy an environment with deletion protection', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    await world.patch(`${app}/environments/dev1`, { deletionProtection: true });
    expect(await world.post(deployments('dev1'), { operation: 'destroy' })).toMatchObject(
      problem('deletion-protected'),
    );
  });

  test('fails when the policy demands a known requester and the caller is none', async () => {
    const world = await PipelineWorld.create();
    const { configRepository } = (await world.get(app)).body;
    await world.put(app, { client: 'acme', configRepository, policy: { staging: { knownRequester: true } } });
    await world.approver(STAFF, 'staff', [JANE]);
    await world.end(await world.release(1));
    expect(await world.post(deployments('stage1'), { release: 1 })).toMatchObject(problem('requester-unknown', 403));
    const { body } = await world.post(deployments('stage1'), { release: 1 }, JANE);
    expect(body.requestedBy).toEqual({ principal: JANE, approver: STAFF });
  });

  test.each([
    ['a deployment of no release', {}, 'release', 'nothing'],
    ['a rollback to no release', { operation: 'rollback' }, 'release', 'nothing'],
    ['an operation nobody knows', { release: 1, operation: 'delete' }, 'operation', '"delete"'],
    ['a release that is a text', { release: '1' }, 'release', '"1"'],
  ])('fails for %s', async (_, body, field, value) => {
    const world = await PipelineWorld.create();
    const answer = await world.post(deployments('dev1'), body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ field, value }]);
  });

  test('fails for a release and an environment that are not there', async () => {
    const world = await PipelineWorld.create();
    expect(await world.post(deployments('dev1'), { release: 7 })).toMatchObject(problem('not-found', 404));
    expect(await world.post(deployments('nope'), { release: 1 })).toMatchObject(problem('not-found', 404));
  });
});

describe('GET …/deployments', () => {
  test('pages through the history, newest first', async () => {
    const world = await PipelineWorld.create();
    for (const number of [1, 2, 3]) await world.end(await world.release(number));
    const first = await world.get(deployments('dev1'), { limit: '2' });
    expect(first.body.items.map(({ release }: { release: number }) => release)).toEqual([3, 2]);
    const second = await world.get(deployments('dev1'), { limit: '2', cursor: first.body.nextCursor });
    expect(second.body.items).toMatchObject([
      { release: 1, status: 'succeeded', changes: 'none', passedThrough: true },
    ]);
  });

  test('shows the plan of one in numbers', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    expect((await world.get(`${deployments('dev1')}/${id}`)).body).toMatchObject({
      changes: null,
      planDigest: null,
      cost: null,
      blastRadius: null,
      rehearsal: null,
      gates: [],
    });
    await world.plan(id, { headline: headlineOf(anAnalysis()), gates: [{ gate: 'staff', required: 2 }] });
    const { body } = await world.get(`${deployments('dev1')}/${id}`);
    expect(body).toMatchObject({
      changes: { add: 2, change: 1, destroy: 1, replace: 1 },
      planDigest: DIGEST,
      cost: { monthlyBefore: 10, monthlyAfter: 22.5, monthlyDelta: 12.5, coverage: 80 },
      blastRadius: { level: 'high', reasons: [expect.stringContaining('replaced')] },
      gates: [{ gate: 'staff', required: 2, status: 'pending', approvals: [] }],
    });
  });

  test('shows what the environment before had rehearsed', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const id = await world.deploy('stage1', 1);
    const rehearsal = {
      environment: 'dev1',
      rehearsed: 1,
      of: 2,
      partly: 0,
      appliesKnown: true,
      unrehearsed: [{ address: 'aws_x.a', action: 'replace' as const, why: 'dev1 has not replaced it' }],
      moreUnrehearsed: 0,
      noted: [],
      moreNoted: 0,
    };
    await world.plan(id, { rehearsal });
    expect((await world.get(`${deployments('stage1')}/${id}`)).body).toMatchObject({ rehearsal });
  });

  test('says why one ended and whether anything was changed', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    await world.end(id, 'failed');
    const { body } = await world.get(`${deployments('dev1')}/${id}`);
    expect(body).toMatchObject({ status: 'failed', applied: 'no', error: { reason: 'workflow-failed' } });
  });

  test('fails for a deployment of another environment', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    for (const path of ['', '/plan', '/events'])
      expect(await world.get(`${deployments('stage1')}/${id}${path}`)).toMatchObject(problem('not-found', 404));
  });
});

describe('GET …/plan', () => {
  test('answers the analysis of exactly the recorded version', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    const analysis = await world.artifacts.putJson(`analysis/${id}/1.json`, anAnalysis());
    await world.artifacts.putJson(`analysis/${id}/1.json`, { somebody: 'wrote this later' });
    await world.plan(id, { analysis });
    const { status, body } = await world.get(`${deployments('dev1')}/${id}/plan`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ deploymentId: id, planDigest: DIGEST, round: 1, summary: { add: 2 } });
    expect(body.resources[0]).toMatchObject({ address: 'aws_db_instance.main', kind: 'replace' });
  });

  test('says how production will differ from staging, while it still can', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    await world.succeed(1, 'stage1');
    const consistsOf = (deploymentId: string, version: string) =>
      world.write('configuration', {
        deploymentId,
        modules: [{ call: 'module.web', source: 'web', version, arguments: [] }],
        ...{ variables: [], rootResources: [] },
      });
    const stage1 = await world.store.get('environmentState', { application: 'my-app', environment: 'stage1' });
    await consistsOf(stage1?.deployed?.deploymentId ?? '', '2.0.0');
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { analysis: await world.artifacts.putJson(`analysis/${id}/1.json`, anAnalysis()) });
    const parity = async () => (await world.get(`${deployments('prod1')}/${id}/plan`)).body.parity;
    expect(await parity()).toBeNull();
    await consistsOf(id, '1.0.0');
    expect(await parity()).toMatchObject({
      ...{ staging: 'stage1', production: 'prod1', same: false },
      modules: [{ call: 'module.web', stage: { version: '2.0.0' }, production: { version: '1.0.0' } }],
    });
    await world.end(id, 'canceled');
    expect(await parity()).toBeNull();
  });

  test('names what made the plan, as the deployment does, or nothing for an older record', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    const analysis = await world.artifacts.putJson(`analysis/${id}/1.json`, anAnalysis());
    const engine = { name: 'opentofu', version: '1.10.6' } as const;
    for (const [facts, told] of [
      [{ analysis, engine }, engine],
      [{ analysis }, null],
    ] as const) {
      await world.plan(id, facts);
      const paths = [`${deployments('dev1')}/${id}`, `${deployments('dev1')}/${id}/plan`];
      for (const path of paths) expect((await world.get(path)).body.engine).toEqual(told);
    }
  });

  test('fits a plan of thousands of resources into one answer, counting what it leaves out', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    const [resource] = anAnalysis().resources;
    if (!resource) throw new Error('the analysis has no resource');
    // Three further attributes of the plan are not listed at all, and are counted in addition to these.
    const attributes = Array.from({ length: 60 }, (_, at) => ({ path: `a${at}`, before: 'x'.repeat(40), after: 'y' }));
    const resources = Array.from({ length: 3000 }, (_, at) => ({ ...resource, address: `aws_x.y[${at}]`, attributes }));
    const analysis = await world.artifacts.putJson(`analysis/${id}/1.json`, { ...anAnalysis(), resources });
    await world.plan(id, { analysis });
    const { body, text } = await world.get(`${deployments('dev1')}/${id}/plan`);
    expect(Buffer.byteLength(text)).toBeLessThan(6_000_000);
    expect(body.resources).toHaveLength(3000);
    expect(body.resources[2999].attributes.length + body.resources[2999].moreAttributes).toBe(63);
  });

  test('fails before there is one', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    expect(await world.get(`${deployments('dev1')}/${id}/plan`)).toMatchObject(problem('not-found', 404));
  });
});

describe('GET …/events', () => {
  test('tells the story of a deployment, oldest first', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    world.surroundings.advance(30);
    await world.end(id, 'failed');
    const { body } = await world.get(`${deployments('dev1')}/${id}/events`);
    expect(body.items).toMatchObject([{ type: 'requested', deploymentId: id }, { type: 'failed' }]);
    expect(body.items[0]).not.toHaveProperty('nonce');
  });
});

describe('POST …/cancel', () => {
  test('ends a queued deployment at once', async () => {
    const world = await PipelineWorld.create();
    await world.release(1);
    const id = await world.release(2);
    const { status, body } = await world.post(`${deployments('dev1')}/${id}/cancel`, undefined, JANE);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'canceled', error: { message: `canceled by ${JANE}` } });
    expect(world.events.names()).toContain('DeploymentCanceled');
  });

  test('asks a planning one to end, and closes the gate of a waiting one', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff');
    const id = await world.release(1);
    await world.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
    await world.openGate(id, 'staff');
    const { status, body } = await world.post(`${deployments('dev1')}/${id}/cancel`, undefined, JANE);
    expect(status).toBe(202);
    expect(body).toMatchObject({ cancelRequestedBy: { principal: JANE }, gates: [{ status: 'canceled' }] });
    expect(world.workflow.resumed).toHaveLength(1);
  });

  test('fails for one that has ended', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    await world.end(id);
    expect(await world.post(`${deployments('dev1')}/${id}/cancel`, undefined)).toMatchObject(problem('not-cancelable'));
  });

  test('fails for a deployment of another environment, and cancels nothing', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    expect(await world.post(`${deployments('stage1')}/${id}/cancel`, undefined)).toMatchObject(
      problem('not-found', 404),
    );
    expect(await world.store.get('deployment', { id })).not.toHaveProperty('cancelRequestedBy');
  });
});
