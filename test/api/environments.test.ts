import { describe, expect, test } from '@jest/globals';
import { aHeadline, anOutcome, DIGEST } from '../harness/builders.ts';
import { APPLICATION, environmentBody, JANE, PipelineWorld, STAFF } from './pipeline-world.ts';
import { ADMIN, TestApi } from './test-api.ts';

const dev1 = '/applications/my-app/environments/dev1';
const prod1 = '/applications/my-app/environments/prod1';
const stateOf = (world: PipelineWorld, environment: string) =>
  world.store.get('environmentState', { application: 'my-app', environment });

describe('PUT /applications/{app}/environments/{env}', () => {
  test('defines an environment and fills in what follows by convention', async () => {
    const api = new TestApi();
    await api.put('/applications/my-app', APPLICATION);
    const { status, body } = await api.put(dev1, environmentBody('dev1'));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'dev1',
      type: 'regular',
      stage: 'development',
      status: 'empty',
      directory: 'apps/my-app/dev1',
      roles: {
        plan: 'arn:aws:iam::222222222222:role/stagegate-my-app-dev1-plan',
        apply: 'arn:aws:iam::222222222222:role/stagegate-my-app-dev1-apply',
      },
      stateBucket: 'stagegate-state-222222222222-eu-west-1',
      gates: [],
      promotesFrom: null,
      promotesTo: 'stage1',
      deployed: null,
      outputs: {},
      current: null,
      queued: null,
      hold: null,
      deletionProtection: false,
      events: [{ type: 'configured', by: ADMIN }],
    });
  });

  test('makes the external id once, keeps it and never shows it', async () => {
    const world = await PipelineWorld.create();
    const before = await world.store.get('environment', { application: 'my-app', name: 'dev1' });
    const { status, text } = await world.put(dev1, { ...environmentBody('dev1'), region: 'eu-central-1' });
    const after = await world.store.get('environment', { application: 'my-app', name: 'dev1' });
    expect(status).toBe(200);
    expect(after).toMatchObject({ externalId: before?.externalId, region: 'eu-central-1' });
    expect(before?.externalId).toMatch(/^[0-9a-f]{32}$/);
    expect(text).not.toContain(before?.externalId);
  });

  test('protects production whatever is asked for', async () => {
    const world = await PipelineWorld.create();
    const { body } = await world.put(prod1, { ...environmentBody('prod1'), deletionProtection: false });
    expect(body).toMatchObject({ deletionProtection: true, gates: [{ gate: 'staff' }, { gate: 'client' }] });
  });

  test('never removes a protection by the way', async () => {
    const world = await PipelineWorld.create();
    await world.patch(dev1, { deletionProtection: true });
    const { body } = await world.put(dev1, environmentBody('dev1'));
    expect(body.deletionProtection).toBe(true);
  });

  test('sets the version of its engine and takes it back, while a deployment is open, and the audit says so', async () => {
    const world = await PipelineWorld.create();
    await world.release(1);
    const versions = [];
    for (const settings of [{}, { engineVersion: '1.12.0' }, { engineVersion: '1.12.1' }, {}]) {
      const { status, body } = await world.put(dev1, { ...environmentBody('dev1'), ...settings });
      versions.push([status, body.engineVersion, (await world.get(dev1)).body.engineVersion]);
    }
    expect(versions).toEqual([
      [200, null, null],
      [200, '1.12.0', '1.12.0'],
      [200, '1.12.1', '1.12.1'],
      [200, null, null],
    ]);
    const { body } = await world.get('/applications/my-app/audit', { order: 'newest' });
    expect(body.items.slice(0, 3)).toMatchObject([
      { type: 'environment-configured', details: { engineVersion: { from: '1.12.1', to: null } } },
      { type: 'environment-configured', details: { engineVersion: { from: '1.12.0', to: '1.12.1' } } },
      { type: 'environment-configured', details: { engineVersion: { from: null, to: '1.12.0' } } },
    ]);
  });

  test('names the file that completes its backend, and its lock table, while no deployment is open', async () => {
    const world = await PipelineWorld.create();
    const body = {
      ...environmentBody('dev1'),
      backendConfigFile: '../backends/dev1.tfbackend',
      lockTable: 'acme-locks',
    };
    expect((await world.get(dev1)).body).toMatchObject({ backendConfigFile: null, lockTable: null });
    const { backendConfigFile, lockTable } = body;
    expect((await world.put(dev1, body)).body).toMatchObject({ backendConfigFile, lockTable });
    await world.release(1);
    const { status, body: refused } = await world.put(dev1, environmentBody('dev1'));
    expect({ status, type: refused.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:deployments-open' });
    expect(refused.detail).toContain('backendConfigFile, lockTable of "dev1" can change only');
  });

  test('fails for an environment outside of the pipeline', async () => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.put('/applications/my-app/environments/qa1', environmentBody('stage1'));
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:not-in-pipeline' });
    expect(body.detail).toContain('dev1 -> stage1 -> prod1');
  });

  test('fails when its stage would go down', async () => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.put(prod1, { ...environmentBody('prod1'), stage: 'staging' });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:stage-lowered' });
  });

  test('fails when production would have no staging environment before it', async () => {
    const world = await PipelineWorld.create();
    const path = '/applications/my-app/environments/stage1';
    const { status, body } = await world.put(path, { ...environmentBody('stage1'), stage: 'production' });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:pipeline-order' });
  });

  test('fails when account or region change while a deployment is open', async () => {
    const world = await PipelineWorld.create();
    await world.release(1);
    const { status, body } = await world.put(dev1, { ...environmentBody('dev1'), accountId: '333333333333' });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:deployments-open' });
    expect((await world.put(dev1, environmentBody('dev1'))).status).toBe(200);
  });

  test('fails when what is deployed would stay behind in another account', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const { status, body } = await world.put(dev1, { ...environmentBody('dev1'), accountId: '333333333333' });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:something-deployed' });
  });

  test.each([
    ['a stage nobody knows', { stage: 'test' }, 'stage', '"test"'],
    ['an account id of eleven digits', { accountId: '12345678901' }, 'accountId', '"12345678901"'],
    ['a region that is none', { region: 'europe' }, 'region', '"europe"'],
    ['a role that is no ARN', { roles: { plan: 'admin' } }, 'roles.plan', '"admin"'],
    ['a range of engine versions', { engineVersion: '~> 1.11' }, 'engineVersion', '"~> 1.11"'],
    [
      'a file out of the application',
      { backendConfigFile: '../../x.tfbackend' },
      'backendConfigFile',
      '"../../x.tfbackend"',
    ],
    ['a table by its ARN', { lockTable: 'arn:aws:x' }, 'lockTable', '"arn:aws:x"'],
    ['a file that is a setting', { backendConfigFile: 'key=x' }, 'backendConfigFile', '"key=x"'],
    ['an external id, which nobody chooses', { externalId: 'e' }, 'externalId', '"e"'],
  ])('fails for %s', async (_, changed, field, value) => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.put(dev1, { ...environmentBody('dev1'), ...changed });
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field, value }]);
  });

  test('fails for an application nobody made', async () => {
    const { status } = await new TestApi().put('/applications/nothing/environments/dev1', environmentBody('dev1'));
    expect(status).toBe(404);
  });
});

describe('PATCH /applications/{app}/environments/{env}', () => {
  test('sets a hold with its reason, and lifts it', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff', [JANE]);
    const held = await world.patch(dev1, { hold: true, reason: 'Christmas' }, JANE);
    expect(held.body.hold).toMatchObject({ reason: 'Christmas', by: { principal: JANE, approver: STAFF } });
    expect((await stateOf(world, 'dev1'))?.hold).not.toBeNull();
    const lifted = await world.patch(dev1, { hold: false }, JANE);
    expect(lifted.body.hold).toBeNull();
    expect(lifted.body.events.map(({ type }: { type: string }) => type).sort()).toEqual([
      'configured',
      'held',
      'hold-lifted',
    ]);
  });

  test('a held first environment takes no release by itself, but on request', async () => {
    const world = await PipelineWorld.create();
    await world.patch(dev1, { hold: true, reason: 'Christmas' });
    const { body } = await world.post('/applications/my-app/releases', { commit: 'a'.repeat(40) });
    expect(body).toMatchObject({ number: 1, deploymentId: null });
    expect((await world.post(`${dev1}/deployments`, { release: 1 })).status).toBe(202);
  });

  test('sets and removes the deletion protection of an environment that is not production', async () => {
    const world = await PipelineWorld.create();
    expect((await world.patch(dev1, { deletionProtection: true })).body.deletionProtection).toBe(true);
    world.surroundings.advance(1);
    const { body } = await world.patch(dev1, { deletionProtection: false, reason: 'It moves to another account' });
    expect(body.deletionProtection).toBe(false);
    expect(body.events[0]).toMatchObject({ type: 'protection-removed', reason: 'It moves to another account' });
  });

  test('fails when the protection of production would go', async () => {
    const world = await PipelineWorld.create();
    const patch = { deletionProtection: false, hold: true, reason: 'Because I can' };
    const { status, body } = await world.patch(prod1, patch);
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:production-protected' });
    expect((await world.get(prod1)).body).toMatchObject({ deletionProtection: true, hold: null });
  });

  test.each([
    ['nothing', {}, '(whole)'],
    ['a hold without a reason', { hold: true }, 'reason'],
    ['a protection removed without a reason', { deletionProtection: false }, 'reason'],
    ['what belongs to PUT', { hold: false, region: 'eu-west-1' }, 'region'],
  ])('fails for %s', async (_, patch, field) => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.patch(dev1, patch);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: field === '(whole)' ? 'body' : field }]);
  });
});

describe('GET /applications/{app}/environments/{env}', () => {
  test('shows what runs, what is under way and what waits', async () => {
    const world = await PipelineWorld.create();
    const first = await world.release(1);
    await world.plan(first, {
      hasChanges: false,
      headline: aHeadline({ modules: [{ call: 'web', source: '../modules/web', version: '1.2.0' }] }),
    });
    await world.end(first);
    const second = await world.release(2);
    const third = await world.release(3);
    const { body } = await world.get(dev1);
    expect(body).toMatchObject({
      status: 'planning',
      deployed: { release: 1, deploymentId: first, modules: [{ call: 'web', version: '1.2.0' }] },
      current: { id: second, status: 'planning' },
      queued: { id: third, status: 'queued' },
      queuedDeployments: [third],
    });
    expect(body.history.map(({ id }: { id: string }) => id)).toEqual([third, second, first]);
    expect(body.current.links.execution).toBe(
      `https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:999999999999:execution:stagegate-deployment:${second}`,
    );
    // The log groups of all builds begin with /stagegate/, which the console escapes twice.
    expect(body.current.links.logs).toBe(
      'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups$3FlogGroupNameFilter$3D$252Fstagegate$252F',
    );
  });

  test('shows executions where they are shown, if that is not the console', async () => {
    const world = new TestApi(undefined, {
      executionsUrl: 'http://127.0.0.1:4700/local/executions/stagegate-deployment',
    });
    await world.put('/applications/my-app', APPLICATION);
    await world.put(dev1, environmentBody('dev1'));
    await world.post('/applications/my-app/releases', { commit: 'a'.repeat(40) });
    const { current } = (await world.get(dev1)).body;
    expect(current.links.execution).toBe(`http://127.0.0.1:4700/local/executions/stagegate-deployment/${current.id}`);
    expect(current.links.logs).toBe(current.links.execution);
  });

  test('shows how staging and production differ in what they consist of', async () => {
    const world = await PipelineWorld.create();
    await world.release(1);
    const stage1 = '/applications/my-app/environments/stage1';
    for (const name of ['dev1', 'stage1', 'prod1'] as const) {
      const id = name === 'dev1' ? (await world.get(dev1)).body.current.id : await world.deploy(name, 1);
      expect((await world.get(prod1)).body.parity).toBeNull();
      const variables = name === 'prod1' ? ['size'] : ['replicas', 'size'];
      await world.store.transact(async (transaction) => {
        await transaction.get('configuration', { deploymentId: id });
        transaction.put('configuration', { deploymentId: id, modules: [], variables });
      });
      await world.end(id);
    }
    const parity = {
      staging: 'stage1',
      production: 'prod1',
      same: false,
      compared: ['modules', 'arguments', 'variables'],
      modules: [],
      arguments: [],
      variables: { onlyInStage: ['replicas'], onlyInProduction: [] },
      resources: null,
    };
    expect((await world.get(stage1)).body.parity).toEqual(parity);
    expect((await world.get(prod1)).body.parity).toEqual(parity);
    expect((await world.get(dev1)).body.parity).toBeNull();
  });

  test.each([
    ['succeeded', ['succeeded'], 'succeeded'],
    ['failed', ['succeeded', 'failed'], 'failed'],
    ['succeeded as before after a cancellation, which changed nothing', ['succeeded', 'canceled'], 'succeeded'],
    ['empty while nothing has ever succeeded', ['canceled'], 'empty'],
  ] as const)('its status is %s', async (_, endings, status) => {
    const world = await PipelineWorld.create();
    for (const [index, ending] of endings.entries()) await world.end(await world.release(index + 1), ending);
    expect((await world.get(dev1)).body.status).toBe(status);
  });

  test('says awaiting_approval while a gate is open', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff');
    await world.end(await world.release(1));
    const id = await world.deploy('stage1', 1);
    await world.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
    await world.openGate(id, 'staff');
    const { body } = await world.get('/applications/my-app/environments/stage1');
    expect(body.status).toBe('awaiting_approval');
    expect(body.current.gates).toMatchObject([{ gate: 'staff', status: 'open', required: 1, approvals: [] }]);
    expect(body.current.planDigest).toBe(DIGEST);
  });

  test('fails for an environment nobody defined', async () => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.get('/applications/my-app/environments/nope');
    expect({ status, detail: body.detail }).toEqual({
      status: 404,
      detail: 'environment "my-app/nope" does not exist',
    });
  });
});

describe('GET /applications/{app}/environments', () => {
  test('lists them with their status and the engine version that they have of their own', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    await world.put(dev1, { ...environmentBody('dev1'), engineVersion: '1.12.0' });
    const { body } = await world.get('/applications/my-app/environments');
    expect(body.items).toMatchObject([
      { name: 'dev1', status: 'succeeded', engineVersion: '1.12.0' },
      { name: 'prod1', status: 'empty', engineVersion: null },
      { name: 'stage1', status: 'empty', engineVersion: null },
    ]);
  });
});

describe('GET …/outputs', () => {
  test('shows values with the deployment that wrote them, and no sensitive one', async () => {
    const world = await PipelineWorld.create();
    await world.store.transact(async (transaction) => {
      transaction.insert('outputs', {
        application: 'my-app',
        environment: 'dev1',
        deploymentId: 'my-app-dev1-1-abc123',
        at: world.surroundings.now(),
        values: { name: { value: 'x', sensitive: false }, password: { value: 'hunter2', sensitive: true } },
        dropped: ['huge'],
      });
    });
    const { body, text } = await world.get(`${dev1}/outputs`);
    expect(body).toMatchObject({
      deploymentId: 'my-app-dev1-1-abc123',
      outputs: {
        name: { value: 'x', sensitive: false, deploymentId: 'my-app-dev1-1-abc123' },
        password: { value: null, sensitive: true },
      },
      dropped: ['huge'],
    });
    expect(text).not.toContain('hunter2');
    expect((await world.get(dev1)).text).not.toContain('hunter2');
  });

  test('is empty before the first deployment', async () => {
    const world = await PipelineWorld.create();
    expect((await world.get(`${dev1}/outputs`)).body).toMatchObject({ deploymentId: null, outputs: {} });
  });
});

describe('POST …/protection-lifts', () => {
  test('lifts a protection once, with its reason', async () => {
    const world = await PipelineWorld.create();
    const lift = { address: 'aws_db_instance.main', reason: 'The data was copied on Monday' };
    const { status, body } = await world.post(`${prod1}/protection-lifts`, lift, JANE);
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...lift, by: { principal: JANE } });
    expect((await world.get(prod1)).body.protectionLifts).toMatchObject([{ ...lift, by: JANE }]);
  });

  test('fails without a reason', async () => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.post(`${prod1}/protection-lifts`, { address: 'x' });
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: 'reason' }]);
  });
});

test('a release that a rollback withdrew no longer counts as having succeeded', async () => {
  const world = await PipelineWorld.create();
  await world.release(1);
  const where = { application: 'my-app', environment: 'dev1' };
  await world.store.transact(async (transaction) => {
    const state = await transaction.get('environmentState', where);
    if (!state) throw new Error('dev1 has no state');
    transaction.put('environmentState', { ...state, rollbacks: [{ to: 1, until: 9 }] });
    for (const release of [1, 2]) {
      transaction.insert('outcome', anOutcome({ release, success: release }));
      if (release > 1)
        transaction.insert('release', {
          application: 'my-app',
          number: release,
          commit: 'b'.repeat(40),
          message: '',
          author: '',
          source: 'push' as const,
          createdAt: world.surroundings.now(),
        });
    }
  });
  expect((await world.get('/applications/my-app/releases/1')).body.succeededIn).toMatchObject([
    { environment: 'dev1' },
  ]);
  expect((await world.get('/applications/my-app/releases/2')).body.succeededIn).toEqual([]);
});
