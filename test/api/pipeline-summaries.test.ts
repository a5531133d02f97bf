import { beforeEach, describe, expect, test } from '@jest/globals';
import { fillSummaries } from '../../lambdas/domain/health/fill-summaries.ts';
import { MOST_ENVIRONMENTS } from '../../lambdas/domain/model/application.ts';
import type { Delivery } from '../../lambdas/domain/model/delivery/delivery.ts';
import { isTerminal } from '../../lambdas/domain/model/deployment.ts';
import { chances, pick } from '../domain/histories/contents.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { anApplication, commitOf } from '../harness/builders.ts';
import { World } from '../harness/world.ts';
import { APPLICATION, CLIENT, type Name, PipelineWorld, STAFF } from './pipeline-world.ts';
import { TestApi } from './test-api.ts';

const NAMES: readonly Name[] = ['dev1', 'stage1', 'prod1'];
const PROD = { application: 'my-app', environment: 'prod1' };

describe('GET /applications?include=pipeline', () => {
  let world: PipelineWorld;
  beforeEach(async () => {
    world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff');
    await world.approver(CLIENT, 'client');
  });

  async function list(query: Record<string, string> = {}) {
    const { status, body } = await world.get('/applications', { include: 'pipeline', ...query });
    expect(status).toBe(200);
    return body;
  }
  const summary = async () => (await list()).items[0].summary;
  const inEnvironment = async (name: Name) =>
    (await summary()).environments.find((each: { name: string }) => each.name === name).environment;

  test('says how the last deployment that succeeded or failed has ended, and which one that was', async () => {
    expect((await inEnvironment('dev1')).lastVerdict).toBeNull();
    const id = await world.release(1);
    await world.end(id, 'failed');
    await world.end(await world.release(2), 'canceled');
    const { status, lastVerdict } = await inEnvironment('dev1');
    expect({ status, lastVerdict }).toMatchObject({
      status: 'failed',
      lastVerdict: { status: 'failed', deploymentId: id },
    });
  });

  test('has the same figures as the pipeline of the application alone', async () => {
    await world.end(await world.release(1));
    await world.succeed(1, 'stage1', 'prod1');
    const { delivery } = (await world.get('/applications/my-app/pipeline')).body;
    expect(delivery.environments).toEqual(['prod1']);
    expect(delivery).toEqual((await summary()).delivery);
  });

  test('is shown by day where the pipeline alone is asked for', async () => {
    const byDay = async () => (await world.get('/applications/my-app/pipeline')).body.deliveryByDay;
    expect(await byDay()).toEqual([]);
    const rows = [
      { day: '2026-08-01', deployed: 1, failedToDeploy: 0, failures: 0, leads: [5], restores: [] },
      { day: '2026-11-20', deployed: 2, failedToDeploy: 1, failures: 2, leads: [60, 120], restores: [] },
      { day: '2026-11-21', deployed: 0, failedToDeploy: 0, failures: 0, leads: [], restores: [90] },
      { day: '2026-11-22', deployed: 1, failedToDeploy: 0, failures: 0, leads: [], restores: [] },
    ];
    const counted = { since: world.surroundings.now(), lastEnding: world.surroundings.now(), isWhole: true };
    await world.write('delivery', { ...PROD, ...counted, days: rows, newestRelease: 1 });
    expect(await byDay()).toEqual([
      { day: '2026-11-20', deployments: 2, leadTimeSeconds: 90, failedChanges: 2 },
      { day: '2026-11-22', deployments: 1, leadTimeSeconds: null, failedChanges: 0 },
    ]);
  });

  test('shows an application as without it, and its pipeline beside that', async () => {
    const [plain] = (await world.get('/applications')).body.items;
    expect(plain).not.toHaveProperty('summary');
    const { items } = await list();
    expect(items[0]).toEqual({ ...plain, summary: expect.any(Object) });
    expect(items[0].summary).toMatchObject({
      environments: [
        {
          name: 'dev1',
          position: 1,
          environment: {
            stage: 'development',
            status: 'empty',
            deployed: null,
            underWay: null,
            queued: [],
            hold: null,
            links: { self: '/applications/my-app/environments/dev1' },
          },
        },
        { name: 'stage1', position: 2 },
        { name: 'prod1', position: 3 },
      ],
      delivery: { environments: ['prod1'], since: null, isComplete: true, failing: [] },
    });
    expect((await world.get('/applications', { include: 'everything' })).status).toBe(400);
  });

  test('shows what runs, what is under way, and who is waited for since when', async () => {
    const first = await world.release(1);
    await world.end(first);
    world.surroundings.advance(60);
    const second = await world.release(2);
    await world.plan(second, { hasChanges: true, gates: [{ gate: 'staff', required: 1 }] });
    const third = await world.release(3);
    const queuedAt = world.surroundings.now();
    expect((await inEnvironment('dev1')).queued).toMatchObject([
      { deploymentId: third, release: 3, status: 'queued', since: queuedAt, waitsFor: null },
    ]);
    await world.post(`/applications/my-app/environments/dev1/deployments/${third}/cancel`, {});
    world.surroundings.advance(60);
    await world.openGate(second, 'staff');
    const openedAt = world.surroundings.now();
    expect(await inEnvironment('dev1')).toMatchObject({
      status: 'awaiting_approval',
      deployed: { release: 1, commit: commitOf(1), deploymentId: first },
      underWay: {
        deploymentId: second,
        release: 2,
        operation: 'deploy',
        status: 'awaiting_approval',
        waitsFor: { kind: 'approval', gate: 'staff', required: 1, approvedBy: [], since: openedAt },
      },
      queued: [],
    });
    expect((await inEnvironment('dev1')).deployed).not.toHaveProperty('modules');
  });

  test('shows how many approvers are needed now, and who has approved', async () => {
    const deployment = await world.release(1);
    await world.plan(deployment, { hasChanges: true, gates: [{ gate: 'staff', required: 1 }] });
    await world.openGate(deployment, 'staff');
    await world.put('/applications/my-app', { ...APPLICATION, policy: { development: { staff: 2 } } });
    expect((await inEnvironment('dev1')).underWay.waitsFor).toMatchObject({ required: 2, approvedBy: [] });
    const shown = await world.get(`/applications/my-app/environments/dev1/deployments/${deployment}`);
    expect(shown.body.gates[0].required).toBe(2);
  });

  test('shows holds, and environments that are not defined yet', async () => {
    await world.patch('/applications/my-app/environments/stage1', { hold: true, reason: 'a migration' });
    await world.put('/applications/my-app', { ...APPLICATION, pipeline: ['dev1', 'stage1', 'prod1', 'prod2'] });
    expect(await inEnvironment('stage1')).toMatchObject({ hold: { reason: 'a migration' } });
    const { environments } = await summary();
    expect(environments[3]).toEqual({ name: 'prod2', position: 4, environment: null });
  });

  test('shows the four figures, counted once each', async () => {
    await world.end(await world.release(1));
    await world.succeed(1, 'stage1', 'prod1');
    world.surroundings.advance(3600);
    const { since, lastDeploy: _none, ...counted } = (await world.store.get('delivery', PROD)) ?? { since: '' };
    expect(counted).toMatchObject({ days: [], newestRelease: 1 });
    // Another ending of a deployment that has ended is none.
    await world.end((await world.get('/applications/my-app/environments/prod1/deployments')).body.items[0].id);
    expect(await world.store.get('delivery', PROD)).toEqual({ since, ...counted });
    expect((await summary()).delivery).toMatchObject({
      since,
      isComplete: true,
      last30Days: { deployments: 0, changeFailureRate: null },
    });
  });

  test('leaves the summary of an application out of which a record cannot be read, and says so', async () => {
    await world.write('application', anApplication({ name: 'other' }));
    await world.end(await world.release(1));
    world.store.corrupt('environmentState', { application: 'my-app', environment: 'dev1' }, {});
    const { items, skipped } = await list();
    expect(items.map(({ name, summary: each }: { name: string; summary: unknown }) => [name, each !== null])).toEqual([
      ['my-app', false],
      ['other', true],
    ]);
    expect(skipped).toBe(1);
  });

  test('goes on with a cursor', async () => {
    await world.write('application', anApplication({ name: 'other' }));
    const first = await list({ limit: '1' });
    const second = await list({ limit: '1', cursor: first.nextCursor });
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['my-app', 'other']);
    expect(second.items[0].summary.environments[0].environment).toBeNull();
  });

  test('an answer of a hundred applications with the longest pipelines fits in what Lambda may answer', async () => {
    const id = await world.release(1);
    await world.plan(id, { hasChanges: true, gates: [{ gate: 'staff', required: 1 }] });
    await world.openGate(id, 'staff');
    await world.patch('/applications/my-app/environments/dev1', { hold: true, reason: 'x'.repeat(500) });
    await world.release(2);
    const { items } = await list();
    const [{ name: _, ...shown }] = items[0].summary.environments;
    const perApplication =
      JSON.stringify({ ...items[0], summary: items[0].summary.delivery }).length +
      MOST_ENVIRONMENTS * JSON.stringify(shown).length;
    expect(100 * perApplication).toBeLessThan(5_000_000);
  });
});

/** Anything that people, builds and clocks may do in a pipeline, in any order. */
describe.each([1, 2, 3, 4, 5, 6])('in a world of random operations (%i)', (seed) => {
  test('the summary never says anything else than the records and GET …/pipeline', async () => {
    const next = chances(seed);
    const world = await World.open();
    const api = new TestApi(world.store);
    for (const upTo of ['prod1', 'prod1', 'stage1']) await world.bring(await world.release(), upTo);
    world.builds.terraform = () => {
      const chance = next();
      if (chance < 0.08) return { plan: 'fails', apply: 'fails' };
      if (chance < 0.25) return { plan: 'changes', apply: 'fails' };
      return { plan: chance < 0.4 ? 'no-changes' : 'changes', apply: 'succeeds' };
    };
    const some = () => pick(NAMES, next()) ?? 'dev1';
    const holding = async (name: Name = some()) => (await world.holderOf(name)) ?? '';
    const act: Readonly<Record<string, () => Promise<unknown>>> = {
      push: () => world.push(),
      bring: async () => {
        const release = await world.release();
        await world.bring(release, some());
      },
      step: async () => world.workflow.step(await holding()),
      run: async () => world.workflow.run(await holding()),
      finish: async () => world.finish(await holding()),
      ask: () => world.deploy(some(), 1 + Math.floor(next() * 6)),
      promote: async () => {
        const { deployed } = await world.state('stage1');
        await world.deploy('prod1', deployed?.release ?? 1);
      },
      'roll back': () => world.rollBack(next() < 0.7 ? 'prod1' : some(), 1 + Math.floor(next() * 4)),
      destroy: async () => {
        if (next() < 0.3) await world.deploy(some(), 1, { operation: 'destroy' });
      },
      cancel: async () => world.cancel(await holding()),
      hold: () =>
        world.changeState(some(), {
          hold: next() < 0.7 ? null : { reason: 'a reason', by: { principal: 'x' }, at: world.surroundings.now() },
        }),
      wait: async () => world.surroundings.advance(Math.floor(next() * 2 * 86_400)),
    };
    const names = [...Object.keys(act), 'run', 'finish', 'finish', 'finish', 'promote', 'roll back', 'bring'];
    let endings = 0;
    for (let step = 0; step < 50; step++) {
      world.surroundings.advance(1);
      try {
        await act[pick(names, next()) ?? 'wait']?.();
      } catch (error) {
        // Rules refuse much of this; what the simulated workflow cannot do is of no use here.
        if (!(error instanceof Error)) throw error;
      }
      endings += await agrees(world, api);
    }
    expect(endings).toBeGreaterThan(0);
  }, 60_000);
});

/** Compares what is listed with the pipeline, the history, and counters that are made anew. Returns the counted days. */
async function agrees(world: World, api: TestApi): Promise<number> {
  const { environments, delivery } = (await api.get('/applications', { include: 'pipeline' })).body.items[0].summary;
  const { pipeline } = (await api.get('/applications/my-app/pipeline')).body;
  for (const [index, { name, environment: shown }] of environments.entries()) {
    const { environment } = pipeline[index];
    expect(shown).toMatchObject({ status: environment.status, stage: environment.stage, hold: environment.hold });
    expect(shown.deployed?.deploymentId).toBe(environment.deployed?.deploymentId);
    expect(shown.underWay?.deploymentId ?? null).toBe(environment.currentDeployment);
    const queued = shown.queued.map((each: { deploymentId: string }) => each.deploymentId);
    expect(queued).toEqual(environment.queuedDeployments);
    const { current } = (await api.get(`/applications/my-app/environments/${name}`)).body;
    expect(shown.underWay?.status).toBe(current?.status);
    const open = current?.gates.find(({ status }: { status: string }) => status === 'open');
    const { waitsFor = null } = shown.underWay ?? {};
    if (current?.status === 'awaiting_approval' && open)
      expect(waitsFor).toMatchObject({ gate: open.gate, required: open.required, since: open.openedAt });
    else expect(waitsFor).toBeNull();
    if (!current || isTerminal(current.status)) {
      const ended = (await world.history(name)).flatMap((each) =>
        each.status === 'succeeded' || each.status === 'failed' ? [each] : [],
      );
      const last = ended.sort((one, other) => (one.endedAt < other.endedAt ? 1 : -1))[0];
      expect(shown.status).toBe(last?.status === 'failed' ? 'failed' : shown.deployed ? 'succeeded' : 'empty');
    }
  }
  const kept = await world.store.get('delivery', PROD);
  expect(delivery.since).toBe(kept?.since ?? null);
  if (kept) expect(await madeAnew(world)).toEqual({ ...kept, isWhole: true });
  return kept?.days.length ?? 0;
}

/** The counters as the daily look makes them of the history, in a copy of the records. */
async function madeAnew({ store: records, surroundings }: World): Promise<Delivery | undefined> {
  if (!(records instanceof InMemoryStore)) throw new Error('the world is not in memory');
  const store = records.copy();
  await store.transact(async (transaction) => {
    await transaction.get('delivery', PROD);
    transaction.delete('delivery', PROD);
  });
  const application = await store.get('application', { name: 'my-app' });
  if (application) await fillSummaries({ store, surroundings }, application);
  return store.get('delivery', PROD);
}
