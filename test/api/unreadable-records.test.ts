import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import type { KeyOf, Kind } from '../../lambdas/domain/model/table/records.ts';
import { listReadable } from '../../lambdas/domain/transaction/list-all.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { aDeployment, anApplication, anApprover } from '../harness/builders.ts';
import { ALICE, BOB, CAROL, DAVE, World } from '../harness/world.ts';
import { APPLICATION } from './pipeline-world.ts';
import { TestApi } from './test-api.ts';

const SECRET = 'hunter2';
const APP = { application: 'my-app' };

describe('a record that cannot be read', () => {
  const past = new InMemoryStore();
  const begun = new World(past);
  let store: InMemoryStore;
  let world: World;
  let api: TestApi;
  beforeAll(async () => {
    await begun.furnish();
    for (const _ of [1, 2, 3]) await begun.release();
    await begun.bring(1, 'stage1');
  });
  beforeEach(() => {
    store = past.copy();
    world = begun.copyOn(store);
    for (const email of [ALICE, BOB, CAROL, DAVE]) world.mail.click(email);
    api = new TestApi(store);
  });

  const spoil = <K extends Kind>(kind: K, key: KeyOf<K>): void => store.corrupt(kind, key, { [SECRET]: SECRET });

  const listed: readonly [string, string, () => void, number][] = [
    ['application', '/applications', () => spoil('application', { name: 'my-app' }), 0],
    ['environment', '/applications/my-app/environments', () => spoil('environment', { ...APP, name: 'stage1' }), 2],
    [
      'state of an environment',
      '/applications/my-app/environments',
      () => spoil('environmentState', { ...APP, environment: 'dev1' }),
      2,
    ],
    ['release', '/applications/my-app/releases', () => spoil('release', { ...APP, number: 2 }), 2],
    [
      'outcome',
      '/applications/my-app/releases',
      () => spoil('outcome', { ...APP, environment: 'stage1', release: 1 }),
      2,
    ],
    ['approver', '/applications/my-app/approvers', () => spoil('approver', { ...APP, email: ALICE }), 3],
  ];
  test.each(listed)('is left out of a list and counted there: %s', async (_, path, spoilIt, left) => {
    const before = await api.get(path);
    expect(before.body.skipped).toBeUndefined();
    spoilIt();
    const { status, body, text } = await api.get(path);
    expect([status, body.items.length, body.skipped]).toEqual([200, left, 1]);
    expect(text).not.toContain(SECRET);
  });

  test('is left out of the history of its environment, which is shown', async () => {
    const [deployment = aDeployment('queued')] = await world.history('dev1');
    spoil('deployment', { id: deployment.id });
    const { status, body } = await api.get('/applications/my-app/environments/dev1');
    expect([status, body.history, body.skipped]).toEqual([200, [], 1]);
    const list = await api.get('/applications/my-app/environments/dev1/deployments');
    expect([list.body.items, list.body.skipped]).toEqual([[], 1]);
  });

  const decisions: readonly [string, () => Promise<unknown>, () => void, string][] = [
    [
      'the removal of an application, for an approver',
      () => api.delete('/applications/my-app'),
      () => spoil('approver', { ...APP, email: ALICE }),
      `approver record APP#my-app APPROVER#${ALICE}`,
    ],
    [
      'the removal of an application, for an environment',
      () => api.delete('/applications/my-app'),
      () => spoil('environment', { ...APP, name: 'prod1' }),
      'environment record APP#my-app ENVIRONMENT#prod1',
    ],
    [
      'a request, for an approver who may be the requester',
      () => api.post('/applications/my-app/environments/prod1/deployments', { release: 1 }),
      () => spoil('approver', { ...APP, email: ALICE }),
      `approver record APP#my-app APPROVER#${ALICE}`,
    ],
    [
      'a promotion of the newest release, for its outcome',
      () => api.post('/applications/my-app/promotions', { to: 'stage1' }),
      () => spoil('outcome', { ...APP, environment: 'dev1', release: 1 }),
      'outcome record ENV#my-app#dev1 OUTCOME#0000001',
    ],
    [
      'a deployment, for what is deployed in the environment before',
      () => api.post('/applications/my-app/environments/stage1/deployments', { release: 1 }),
      () => spoil('environmentState', { ...APP, environment: 'dev1' }),
      'environmentState record ENV#my-app#dev1 STATE',
    ],
    [
      'settings of an application, for one of its environments',
      () => api.put('/applications/my-app', APPLICATION),
      () => spoil('environment', { ...APP, name: 'prod1' }),
      'environment record APP#my-app ENVIRONMENT#prod1',
    ],
  ];
  test.each(decisions)('stops %s, and is named', async (_, decide, spoilIt, named) => {
    spoilIt();
    const everything = async () => JSON.stringify(await listReadable(store, LISTINGS.audit('my-app', 'ascending')));
    const before = await everything();
    expect(await decide()).toMatchObject({
      status: 500,
      body: { type: 'urn:stagegate:problem:record-unreadable', detail: expect.stringContaining(named) },
    });
    expect(await everything()).toBe(before);
    expect(api.said.join()).not.toContain(SECRET);
  });

  test('stops the removal of an approver if it is an open gate of the application, and of no other', async () => {
    const waiting = await world.deploy('stage1', 1);
    await world.workflow.run(waiting);
    await world.write('application', anApplication({ name: 'shop' }));
    await world.approver({ application: 'shop', email: 'eve@staff.example', gates: ['staff'] });
    spoil('gate', { deploymentId: waiting, gate: 'staff' });
    expect(await api.delete('/applications/my-app/approvers/alice@staff.example')).toMatchObject({ status: 500 });
    expect(await store.get('approver', anApprover({ email: ALICE }))).toBeDefined();
    expect(await api.delete('/applications/shop/approvers/eve@staff.example')).toMatchObject({ status: 204 });
  });

  test('is no reason to end a gate that has enough other approvers', async () => {
    spoil('approver', { ...APP, email: BOB });
    const id = await world.deploy('stage1', 1);
    expect((await world.finish(id)).status).toBe('succeeded');
  });
});
