import { beforeEach, describe, expect, test } from '@jest/globals';
import { recordEnding } from '../../lambdas/domain/deployment/record-ending.ts';
import { releaseEnvironment } from '../../lambdas/domain/deployment/release-environment.ts';
import { aHeadline, commitOf } from '../harness/builders.ts';
import { APPLICATION, environmentBody, JANE, PipelineWorld, STAFF } from './pipeline-world.ts';
import { ADMIN, type Answer } from './test-api.ts';

const all = '/applications/my-app/ephemeral-environments';
const problem = (name: string) => `urn:stagegate:problem:${name}`;
const refusalOf = ({ status, body }: Answer) => ({ status, type: body.type });
let world: PipelineWorld;

beforeEach(async () => {
  world = await PipelineWorld.create();
});

const make = (name: string, facts: object = {}, app = 'my-app') =>
  world.post(`/applications/${app}/ephemeral-environments`, { name, commit: commitOf(1), ...facts });
const stateOf = (environment: string) => world.store.get('environmentState', { application: 'my-app', environment });
const holderOf = async (name: string) => (await stateOf(name))?.holder?.deploymentId ?? '';

/** Ends the deployment that holds the environment, after a build found this many resources in the state. */
async function endWith(name: string, resources: number): Promise<void> {
  const id = await holderOf(name);
  await world.plan(id, { hasChanges: false });
  await world.store.transact(async (transaction) => {
    const state = await transaction.get('environmentState', { application: 'my-app', environment: name });
    if (!state) throw new Error(`nothing was ever deployed to ${name}`);
    const seen = { count: resources, deploymentId: id, at: world.surroundings.now() };
    transaction.put('environmentState', { ...state, resources: seen });
  });
  await recordEnding(world.services, id, 'succeeded');
  await releaseEnvironment(world.services, id);
}

describe('POST /applications/{app}/ephemeral-environments', () => {
  test('makes one and deploys its commit, and shows no external id', async () => {
    const { status, body, text } = await make('pr-7', { variables: { size: 1 } });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      application: 'my-app',
      name: 'pr-7',
      type: 'ephemeral',
      stage: 'development',
      status: 'planning',
      basedOn: 'dev1',
      ref: null,
      commit: commitOf(1),
      follow: false,
      variables: { size: 1 },
      createdBy: { principal: ADMIN },
      closing: null,
      closedAt: null,
      monthlyCost: null,
      outputs: {},
      expiresAt: new Date(Date.parse(world.surroundings.now()) + 72 * 3_600_000).toISOString(),
      roles: { plan: 'arn:aws:iam::222222222222:role/stagegate-my-app-pr-7-plan' },
      links: { self: `${all}/pr-7` },
    });
    expect(body.currentDeployment).toBe(await holderOf('pr-7'));
    const stored = await world.store.get('environment', { application: 'my-app', name: 'pr-7' });
    expect(text).not.toContain(stored?.externalId);
    expect(world.scheduler.wakeUps.size).toBe(1);
  });

  test('answers the standing one to the same words, and a problem to others', async () => {
    await make('pr-7');
    expect((await make('pr-7')).status).toBe(200);
    expect(refusalOf(await make('pr-7', { variables: { size: 2 } }))).toEqual({
      status: 409,
      type: problem('environment-exists'),
    });
    expect(refusalOf(await make('dev1'))).toEqual({ status: 409, type: problem('environment-exists') });
  });

  test('says which limit is reached', async () => {
    await make('pr-1');
    await make('pr-2');
    const { status, body } = await make('pr-3');
    expect({ status, type: body.type }).toEqual({ status: 409, type: problem('ephemeral-limit') });
    expect(body.detail).toContain('pr-1, pr-2');
    expect((await world.get(all)).body.items).toHaveLength(2);
  });

  test.each([
    ['neither ref nor commit', { commit: undefined }, 'ref'],
    ['both', { ref: 'feature/x' }, 'ref'],
    ['a life too long', { ttlHours: 721 }, 'ttlHours'],
    ['a life too short', { ttlHours: 0.5 }, 'ttlHours'],
    ['a variable that Stagegate sets', { variables: { environment: 'x' } }, 'variables'],
    ['a name too long', { name: 'a-name-that-is-too-long' }, 'name'],
    ['an unknown field', { ttl: 3 }, 'ttl'],
  ])('names the field for %s', async (_, facts, field) => {
    const { status, body } = await make('pr-7', facts);
    expect(status).toBe(400);
    expect(body.errors[0].field).toBe(field);
    expect((await world.get(all)).body.items).toEqual([]);
  });

  test('knows no application and no base that is not there, and bases nothing on production', async () => {
    expect((await make('pr-7', {}, 'nowhere')).status).toBe(404);
    expect((await make('pr-7', { basedOn: 'dev9' })).status).toBe(404);
    expect(refusalOf(await make('pr-7', { basedOn: 'prod1' }))).toEqual({
      status: 409,
      type: problem('not-allowed-here'),
    });
  });

  test('maps the caller to an approver where the policy demands a known requester', async () => {
    await world.put('/applications/my-app', { ...APPLICATION, policy: { ephemeral: { knownRequester: true } } });
    expect(refusalOf(await make('pr-7')).type).toBe(problem('requester-unknown'));
    await world.approver(STAFF, 'staff', [JANE]);
    const body = { name: 'pr-7', commit: commitOf(1) };
    expect((await world.post(all, body, JANE)).body.createdBy).toMatchObject({ approver: STAFF });
  });
});

describe('an ephemeral environment', () => {
  test('is in no pipeline and no list of regular ones, and its deployments are found like theirs', async () => {
    await make('pr-7');
    const list = await world.get('/applications/my-app/environments');
    expect(list.body.items.map(({ name }: { name: string }) => name)).toEqual(['dev1', 'prod1', 'stage1']);
    expect(await world.get('/applications/my-app/pipeline').then(({ text }) => text)).not.toContain('pr-7');
    const own = await world.get('/applications/my-app/environments/pr-7');
    expect(own.body).toMatchObject({
      type: 'ephemeral',
      promotesFrom: null,
      promotesTo: null,
      gates: [],
      parity: null,
    });
    expect(own.body.current).toMatchObject({ release: null, commit: commitOf(1), operation: 'deploy' });
    expect((await world.get('/applications/my-app/environments/pr-7/deployments')).body.items).toHaveLength(1);
  });

  test('takes no release, no promotion, no rollback, no settings, no lift of a state', async () => {
    await world.succeed(1).catch(() => {});
    await world.release(1);
    await make('pr-7');
    const path = '/applications/my-app/environments/pr-7';
    const answers = [
      await world.post(`${path}/deployments`, { release: 1 }),
      await world.post(`${path}/deployments`, { release: 1, operation: 'rollback' }),
      await world.post('/applications/my-app/promotions', { to: 'pr-7', release: 1 }),
      await world.put(path, environmentBody('dev1')),
      await world.patch(path, { hold: true, reason: 'mine' }),
      await world.post(`${path}/state-moves`, { to: 'elsewhere/x.tfstate', reason: 'mine' }),
      await world.delete(path),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 409));
    expect((await stateOf('pr-7'))?.queue).toEqual([]);
  });

  test('is deployed again, or to another commit, and cannot be any more once it is closing', async () => {
    await make('pr-7');
    await endWith('pr-7', 2);
    const again = await world.post(`${all}/pr-7/deployments`, {});
    expect(again).toMatchObject({ status: 202, body: { commit: commitOf(1), release: null } });
    await endWith('pr-7', 2);
    expect((await world.post(`${all}/pr-7/deployments`, { commit: commitOf(2) })).body.commit).toBe(commitOf(2));
    expect((await world.get(`${all}/pr-7`)).body.commit).toBe(commitOf(2));
    await world.delete(`${all}/pr-7`);
    const refused = { status: 409, type: problem('environment-closing') };
    expect(refusalOf(await world.post(`${all}/pr-7/deployments`, {}))).toEqual(refused);
    expect(refusalOf(await world.patch(`${all}/pr-7`, { ttlHours: 10 }))).toEqual(refused);
  });

  test('lives longer on request, counted from now', async () => {
    await make('pr-7', { ttlHours: 2 });
    world.surroundings.advance(3600);
    const { body } = await world.patch(`${all}/pr-7`, { ttlHours: 5 });
    const end = new Date(Date.parse(world.surroundings.now()) + 5 * 3_600_000).toISOString();
    expect(body.expiresAt).toBe(end);
    expect([...world.scheduler.wakeUps.values()].map(({ at }) => at)).toEqual([end]);
    expect((await world.patch(`${all}/pr-7`, {})).status).toBe(400);
    expect(refusalOf(await world.patch(`${all}/pr-7`, { follow: true })).type).toBe(problem('not-allowed-here'));
  });

  test('is closed when it was destroyed, and is shown until its name is used again', async () => {
    await make('pr-7');
    await endWith('pr-7', 2);
    const { status, body } = await world.delete(`${all}/pr-7`);
    expect({ status, closing: body.closing }).toMatchObject({ status: 202, closing: { cause: 'requested' } });
    await endWith('pr-7', 0);
    expect((await world.get(`${all}/pr-7`)).body).toMatchObject({ status: 'closed', closedAt: expect.any(String) });
    expect((await world.get(all)).body.items).toEqual([]);
    expect((await world.delete(`${all}/pr-7`)).status).toBe(202);
    expect((await make('pr-7')).status).toBe(202);
    expect((await world.get(`${all}/pr-7`)).body.closedAt).toBeNull();
  });

  test('that nobody knows is no environment', async () => {
    const answers = [
      await world.get(`${all}/pr-7`),
      await world.patch(`${all}/pr-7`, { ttlHours: 5 }),
      await world.delete(`${all}/pr-7`),
      await world.post(`${all}/pr-7/deployments`, {}),
      await world.get(`${all}/dev1`),
      await world.delete(`${all}/dev1`),
      await world.get('/applications/nowhere/ephemeral-environments'),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
  });
});

describe('GET /ephemeral-environments', () => {
  test('lists those of all applications with what they cost a month together', async () => {
    await world.put('/applications/other', APPLICATION);
    await world.put('/applications/other/environments/dev1', environmentBody('dev1'));
    await make('pr-1');
    const cost = { ...aHeadline().cost, currency: 'USD', monthlyAfter: 12.5 };
    await world.plan(await holderOf('pr-1'), { hasChanges: false, headline: { ...aHeadline(), cost } });
    await recordEnding(world.services, await holderOf('pr-1'), 'succeeded');
    await releaseEnvironment(world.services, await holderOf('pr-1'));
    await make('pr-2');
    await make('pr-1', {}, 'other');
    const { body } = await world.get('/ephemeral-environments');
    expect(body.items.map(({ links }: { links: { self: string } }) => links.self)).toEqual([
      ...[`${all}/pr-1`, `${all}/pr-2`, '/applications/other/ephemeral-environments/pr-1'],
    ]);
    expect(body.monthlyCost).toEqual({ currency: 'USD', total: 12.5, unknown: ['my-app/pr-2', 'other/pr-1'] });
    expect((await world.get(all)).body.monthlyCost).toMatchObject({ total: 12.5, unknown: ['my-app/pr-2'] });
    expect(refusalOf(await make('pr-2', {}, 'other')).type).toBe(problem('ephemeral-limit'));
  });

  test('gives pages, with the cost of all on each', async () => {
    for (const name of ['pr-1', 'pr-2']) await make(name);
    const first = (await world.get('/ephemeral-environments', { limit: '1' })).body;
    const second = (await world.get('/ephemeral-environments', { limit: '1', cursor: first.nextCursor })).body;
    expect([first.items[0].name, second.items[0].name, second.nextCursor]).toEqual(['pr-1', 'pr-2', undefined]);
    expect(first.monthlyCost.unknown).toEqual(second.monthlyCost.unknown);
  });
});

describe('DELETE /applications/{app}/environments/{env}', () => {
  const dev1 = '/applications/my-app/environments/dev1';

  test('removes one that was never used at once, and one that was used after a look into its state', async () => {
    expect((await world.delete('/applications/my-app/environments/prod1')).status).toBe(204);
    expect((await world.get('/applications/my-app/environments/prod1')).status).toBe(404);
    const id = await world.release(1);
    expect(refusalOf(await world.delete(dev1)).type).toBe(problem('deployments-open'));
    await world.end(id);
    expect(refusalOf(await world.delete(dev1)).type).toBe(problem('something-deployed'));
    await world.end(await world.deploy('dev1', 1, 'destroy'));
    await world.write('stateAddress', { application: 'my-app', environment: 'dev1', address: 'b/k', former: [] });
    const { status, body } = await world.delete(dev1);
    expect({ status, operation: body.operation }).toEqual({ status: 202, operation: 'destroy' });
    expect((await world.get(dev1)).body.removal).toMatchObject({ by: { principal: ADMIN } });
  });
});

describe('POST …/state-moves', () => {
  const path = '/applications/my-app/environments/dev1/state-moves';

  test('records where the state is expected, and refuses what belongs to another', async () => {
    const claim = { application: 'my-app', environment: 'stage1', at: world.surroundings.now() };
    await world.write('stateClaim', { ...claim, address: 'states/stage1' });
    const moved = await world.post(path, { to: 'states/dev1', reason: 'a bucket of its own' });
    expect(moved).toMatchObject({ status: 200, body: { stateAddress: 'states/dev1', formerStateAddresses: [] } });
    expect(moved.body.events).toContainEqual(expect.objectContaining({ type: 'state-moved', by: ADMIN }));
    const taken = await world.post(path, { to: 'states/stage1', reason: 'mine' });
    expect(refusalOf(taken)).toEqual({ status: 409, type: problem('state-address-taken') });
    expect(taken.body.detail).toContain('my-app/stage1');
  });

  test.each([['states'], ['/key'], ['states/'], ['states/a//../b'], ['']])(
    'needs a bucket and a key, not %j',
    async (to) => {
      expect((await world.post(path, { to, reason: 'mine' })).status).toBe(400);
      expect((await world.post(path, { to: 'states/dev1' })).status).toBe(400);
    },
  );
});
