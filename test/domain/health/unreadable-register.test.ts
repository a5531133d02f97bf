import { beforeEach, describe, expect, test } from '@jest/globals';
import { sendReminders } from '../../../lambdas/domain/approval/send-reminders.ts';
import { sweepSubscriptions } from '../../../lambdas/domain/approver/sweep-subscriptions.ts';
import { checkCertificates } from '../../../lambdas/domain/dns/check-certificates.ts';
import { liftProtection } from '../../../lambdas/domain/environment/lift-protection.ts';
import { noteHead } from '../../../lambdas/domain/ephemeral/find-head.ts';
import { sweepEnvironments } from '../../../lambdas/domain/ephemeral/sweep-environments.ts';
import { UnreadableRecordError } from '../../../lambdas/domain/errors.ts';
import { checkRecords } from '../../../lambdas/domain/health/check-records.ts';
import { viewHealth } from '../../../lambdas/domain/health/health-view.ts';
import { noteUnreadable } from '../../../lambdas/domain/health/unreadable-register.ts';
import { reconcile } from '../../../lambdas/domain/reconcile/reconcile.ts';
import { InMemoryStore } from '../../fakes/in-memory-store.ts';
import { WatchedStore } from '../../fakes/watched-store.ts';
import {
  aDeployment,
  anApplication,
  anApprover,
  anEnvironment,
  anEnvironmentState,
  aPush,
} from '../../harness/builders.ts';
import { TOOLING, World } from '../../harness/world.ts';

const SECRET = 'hunter2';
const STATE = { application: 'my-app', environment: 'dev1' };
const NAMED = { kind: 'environmentState', pk: 'ENV#my-app#dev1', sk: 'STATE' };

describe('the reconciler and the daily look', () => {
  let store: InMemoryStore;
  let world: World;
  beforeEach(async () => {
    store = new InMemoryStore();
    world = new World(store);
    await world.furnish();
    await world.release();
  });
  const known = async () => (await viewHealth(store)).unreadableRecords;

  test('mend the others, note what cannot be read once, and forget it when it can be read again', async () => {
    const spoiled = await world.deploy('dev1', 1);
    const other = aDeployment('planning', { application: 'shop', id: 'shop-dev1-1-abc123' }).id;
    await world.write('deployment', aDeployment('planning', { application: 'shop', id: other }));
    await world.write(
      'environmentState',
      anEnvironmentState({
        application: 'shop',
        holder: { deploymentId: other, release: 1, operation: 'deploy', since: world.surroundings.now() },
      }),
    );
    const before = store.peek('environmentState', STATE);
    store.corrupt('environmentState', STATE, { ...before, successes: SECRET });
    world.surroundings.advance(61);
    const { repairs, unreadable } = await reconcile(world);
    expect(repairs).toMatchObject([{ deploymentId: other, action: 'started' }]);
    expect(unreadable).toBe(0);
    expect(await known()).toEqual([
      { ...NAMED, problems: ['successes: invalid type (expected number)'], since: world.surroundings.now() },
    ]);
    const [{ since } = { since: '' }] = await known();
    world.surroundings.advance(61);
    await reconcile(world);
    expect((await known()).map((each) => each.since)).toEqual([since]);
    expect(JSON.stringify(await viewHealth(store))).not.toContain(SECRET);
    expect(() => store.peek('environmentState', STATE)).toThrow(/does not fit/);
    store.corrupt('environmentState', STATE, before);
    await reconcile(world);
    expect(await known()).toEqual([]);
    expect(world.workflow.executions.has(spoiled)).toBe(true);
  });

  test('find it in a record that no job of every minute meets, and count it until it can be read', async () => {
    store.corrupt('approver', { application: 'my-app', email: 'bob@staff.example' }, SECRET);
    expect(await reconcile(world)).toEqual({ repairs: [], unreadable: 0 });
    expect(await known()).toEqual([]);
    expect((await checkRecords(world)).unreadable).toMatchObject([{ kind: 'approver' }]);
    expect(await known()).toMatchObject([{ kind: 'approver', sk: 'APPROVER#bob@staff.example' }]);
    expect(await reconcile(world)).toEqual({ repairs: [], unreadable: 1 });
  });

  test('find it in the head of a branch, and in lifts', async () => {
    const environment = { application: 'my-app', environment: 'prod1' };
    const head = { repository: 'git.example/acme/config', branch: 'main' };
    await noteHead(world, aPush());
    await liftProtection(world, environment, { address: 'thing.one', reason: 'agreed with the client' }, TOOLING);
    store.corrupt('branchHead', head, SECRET);
    store.corrupt('protectionLifts', { ...environment, address: 'thing.one' }, SECRET);
    const { unreadable } = await checkRecords(world);
    expect(unreadable.map(({ kind }) => kind).sort()).toEqual(['branchHead', 'protectionLifts']);
  });

  test('go on where a note itself cannot be read', async () => {
    const [alice, bob] = ['alice@staff.example', 'bob@staff.example'].map((email) => ({
      application: 'my-app',
      email,
    }));
    if (!alice || !bob) throw new Error('two approvers');
    store.corrupt('approver', alice, SECRET);
    await checkRecords(world);
    const [note] = await known();
    if (!note) throw new Error('there is no note');
    store.corrupt('unreadableRecord', note, SECRET);
    store.corrupt('approver', bob, SECRET);
    expect(await checkRecords(world)).toMatchObject({ failures: [] });
    expect(await known()).toMatchObject([{ sk: 'APPROVER#bob@staff.example' }]);
    expect(await reconcile(world)).toEqual({ repairs: [], unreadable: 1 });
    await expect(noteUnreadable(world, [new UnreadableRecordError('approver', note)])).resolves.toBeUndefined();
  });

  test('and what is shown go on without the register of ephemeral environments', async () => {
    await world.ephemeral('pr-1');
    expect((await viewHealth(store)).skipped).toBeUndefined();
    store.corrupt('ephemeralRegister', {}, SECRET);
    expect(await viewHealth(store)).toMatchObject({ skipped: 1, inFlight: { count: 1 } });
  });

  test('look at all other applications', async () => {
    store.corrupt('application', { name: 'my-app' }, SECRET);
    await world.write('application', anApplication({ name: 'shop' }));
    await world.write('approver', anApprover({ application: 'shop' }));
    store.corrupt('approver', anApprover({ application: 'shop' }), SECRET);
    const { applications, unreadable } = await checkRecords(world);
    expect([applications, unreadable.map(({ kind }) => kind)]).toEqual([1, ['application', 'approver']]);
  });
});

describe('what an operator asks for', () => {
  test('is what is in flight, what waits, and what is stuck', async () => {
    const world = await World.open();
    for (const _ of [1, 2]) await world.release();
    await world.succeed('dev1', 1);
    const waiting = await world.deploy('stage1', 1);
    await world.workflow.run(waiting);
    const since = (await world.state('stage1')).holder?.since;
    await world.write('environmentState', anEnvironmentState({ application: 'shop', environment: 'dev1' }));
    const gone = aDeployment('failed', { application: 'shop', id: 'shop-dev1-1-abc123' });
    await world.write('deployment', gone);
    await world.write(
      'environmentState',
      anEnvironmentState({
        application: 'shop',
        environment: 'dev1',
        holder: { deploymentId: gone.id, release: 1, operation: 'deploy', since: '2026-01-01T00:00:00.000Z' },
        queue: [{ deploymentId: 'shop-dev1-2-abc123', release: 2, operation: 'deploy' }],
      }),
    );
    expect(await viewHealth(world.store)).toEqual({
      unreadableRecords: [],
      inFlight: { count: 2, oldestSince: '2026-01-01T00:00:00.000Z', queued: 1 },
      stuck: [{ application: 'shop', environment: 'dev1', why: 'held by shop-dev1-1-abc123, which is failed' }],
      openGates: {
        staff: { count: 1, oldestSince: (await world.gate(waiting, 'staff'))?.openedAt },
        client: { count: 0, oldestSince: null },
      },
      owedPromotions: { count: 1, oldestSince: expect.any(String) },
    });
    expect(since).toBeDefined();
  });
});

test('an idle installation is read as often with twenty applications as with two', async () => {
  const read = async (applications: number): Promise<Record<string, number>> => {
    const store = new WatchedStore(new InMemoryStore());
    const world = new World(store);
    for (let number = 1; number <= applications; number++) {
      const name = `app-${number}`;
      await world.write('application', anApplication({ name }));
      await world.approver({ application: name, email: `staff-${number % 3}@staff.example`, gates: ['staff'] });
      for (const [environment, stage] of [
        ['dev1', 'development'],
        ['stage1', 'staging'],
        ['prod1', 'production'],
      ] as const) {
        await world.write('environment', anEnvironment({ application: name, name: environment, stage }));
        await world.write('environmentState', anEnvironmentState({ application: name, environment }));
      }
    }
    const jobs = {
      reconcile: () => reconcile(world),
      'sweep-environments': () => sweepEnvironments(world),
      'send-reminders': () =>
        sendReminders({
          ...world,

          store,
          reminderTimes: { firstReminderSeconds: 60, lastReminderSeconds: 60 },
        }),
      'sweep-subscriptions': () => sweepSubscriptions(world),
      'check-certificates': () => checkCertificates(world),
    };
    const counts: Record<string, number> = {};
    for (const [name, run] of Object.entries(jobs)) {
      await run();
      const [reads, writes] = [store.reads, store.transactions];
      await run();
      counts[name] = store.reads - reads;
      expect({ [name]: store.transactions - writes }).toEqual({ [name]: 0 });
    }
    return counts;
  };
  const few = await read(2);
  expect(few).toEqual({
    reconcile: 4,
    'sweep-environments': 1,
    'send-reminders': 2,
    'sweep-subscriptions': 1,
    'check-certificates': 1,
  });
  expect(await read(20)).toEqual(few);
});
