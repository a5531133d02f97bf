import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import { removeApplication } from '../../lambdas/domain/application/remove-application.ts';
import { decideGate } from '../../lambdas/domain/approval/decide-gate.ts';
import { consumePlan } from '../../lambdas/domain/deployment/consume-plan.ts';
import { liftProtection } from '../../lambdas/domain/environment/lift-protection.ts';
import { MOST_ENVIRONMENTS } from '../../lambdas/domain/model/application.ts';
import { emptyChain, proveNext } from '../../lambdas/domain/model/audit.ts';
import { isTerminal } from '../../lambdas/domain/model/deployment.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import { MOST_PROTECTION_LIFTS } from '../../lambdas/domain/plan/safeguards-schema.ts';
import { MOST_PROOF_LIFTS } from '../../lambdas/domain/proof/judge-plan.ts';
import { registerRelease } from '../../lambdas/domain/release/register-release.ts';
import { listAll } from '../../lambdas/domain/transaction/list-all.ts';
import { anApplication, anEnvironment, anEnvironmentState, commitOf, DNS_SETTINGS } from '../harness/builders.ts';
import { createTable, dynamoAccess, dynamoClient, startDynamoDbLocal } from '../harness/dynamodb-local.ts';
import type { ServerProcess } from '../harness/server-process.ts';
import { ALICE, BOB, CAROL, World } from '../harness/world.ts';

/** Tests the same rules on the real table, where transactions have limits of their own and races are real. */
describe('on DynamoDB', () => {
  let server: ServerProcess;
  let world: World;
  beforeAll(async () => {
    server = await startDynamoDbLocal();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    const client = dynamoClient(server.endpoint);
    const table = `records-${randomUUID()}`;
    await createTable(client, table);
    world = new World(new DynamoStore(table, dynamoAccess(server.endpoint)));
    await world.furnish();
  });

  test('a release goes from a push to production', async () => {
    await world.push();
    const first = (await world.holderOf('dev1')) ?? '';
    expect((await world.finish(first)).status).toBe('succeeded');
    const second = (await world.promote(first)) ?? '';
    expect((await world.finish(second)).status).toBe('succeeded');
    expect((await world.finish(await world.deploy('prod1', 1))).status).toBe('succeeded');
    expect((await world.state('prod1')).deployed).toMatchObject({ release: 1 });
    world.surroundings.advance(3600);
    expect(await world.reconcile()).toEqual([]);
  });

  test('of ten releases arriving at once one holds, the newest waits and the others are superseded', async () => {
    const facts = { application: 'my-app', message: '', author: '' };
    const requests = Array.from({ length: 10 }, (_, index) =>
      registerRelease(world, { ...facts, commit: commitOf(index + 1) }, { principal: 'tooling' }),
    );
    await Promise.all(requests);
    const history = await world.history('dev1');
    const { holder, queue } = await world.state('dev1');
    expect(history).toHaveLength(10);
    expect(queue.map(({ release }) => release)).toEqual([holder?.release === 10 ? 9 : 10]);
    expect(history.filter(({ status }) => status === 'superseded')).toHaveLength(8);
  });

  test('of ten pushes arriving at once the newest is the newest release, and none comes after a newer one', async () => {
    const pushes = Array.from({ length: 10 }, (_, index) => ({
      eventId: `d${index}`,
      before: commitOf(index + 1),
      after: commitOf(index + 2),
      pushedAt: new Date(Date.parse('2026-11-23T09:00:00Z') + index * 1000).toISOString(),
    }));
    await Promise.all(pushes.map((push) => world.push(push)));
    const { items } = await world.store.list(LISTINGS.releases('my-app'));
    const commits = items.map(({ commit }) => commit);
    expect(commits[0]).toBe(commitOf(11));
    expect(commits).toEqual([...new Set(commits)].sort().reverse());
    expect(await world.history('dev1')).toHaveLength(commits.length);
  });

  test('of a decision, a cancellation and a newer release at once, one decides what happens', async () => {
    for (const release of [1, 2]) {
      expect(await world.release()).toBe(release);
      await world.succeed('dev1', release);
    }
    const id = await world.deploy('stage1', 1);
    await world.workflow.run(id);
    const [decided, canceled] = await Promise.allSettled([
      world.decide(id, ALICE),
      world.cancel(id),
      world.deploy('stage1', 2),
    ]);
    await world.workflow.run(id);
    const status = await world.statusOf(id);
    const gate = await world.gate(id, 'staff');
    const expected = { approved: 'succeeded', canceled: 'canceled', superseded: 'superseded' };
    expect(decided.status === 'fulfilled').toBe(gate?.decisions.length === 1);
    if (canceled.status === 'fulfilled') expect(status).toBe('canceled');
    else expect(status).toBe(expected[gate?.status as 'approved']);
    expect(await world.holderOf('stage1')).not.toBe(id);
  });

  test('two people approving at once both count, and the plan is consumed once', async () => {
    await world.write('application', anApplication({ policy: { production: { staff: 2 } } }));
    await world.bring(await world.release(), 'stage1');
    const id = await world.deploy('prod1', 1);
    await world.workflow.run(id);
    await Promise.all([world.decide(id, ALICE), world.decide(id, BOB)]);
    await world.workflow.run(id);
    await world.decide(id, CAROL);
    await world.workflow.runTo(id, 'ConsumePlan');
    const consumptions = await Promise.all([
      consumePlan(world, id, { canWait: true }),
      consumePlan(world, id, { canWait: true }),
      consumePlan(world, id, { canWait: true }),
    ]);
    expect(consumptions.map(({ outcome }) => outcome)).toEqual(['consumed', 'consumed', 'consumed']);
    expect((await world.story(id)).filter((type) => type === 'plan-consumed')).toHaveLength(1);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  test('people deciding in two environments at once, and a few that may not, leave one whole audit', async () => {
    await world.bring(await world.release(), 'stage1');
    await world.write('application', anApplication({ policy: { staging: { staff: 2 }, production: { staff: 2 } } }));
    const ids = [await world.deploy('stage1', 1), await world.deploy('prod1', 1)];
    for (const id of ids) await world.workflow.run(id);
    const tries = ids.flatMap((id) => [ALICE, BOB, CAROL, 'gone@staff.example'].map((email) => ({ id, email })));
    const { store, workflow, surroundings } = world;
    const judged = await Promise.allSettled(
      tries.map(async ({ id, email }) => {
        const digest = (await world.gate(id, 'staff'))?.digest ?? '';
        const decision = { deploymentId: id, gate: 'staff', email, decision: 'approve', digest, via: 'link' } as const;
        return decideGate({ store, workflow, surroundings }, decision);
      }),
    );
    const entries = await listAll(store, LISTINGS.audit('my-app', 'ascending'));
    let head = emptyChain('my-app');
    for (const entry of entries) {
      const proof = proveNext(head, entry);
      expect(proof).toMatchObject({ proven: true });
      if (proof.proven) head = proof.head;
    }
    const counted = judged.filter(({ status }) => status === 'fulfilled').length;
    const told = entries.filter(({ deploymentId }) => ids.some((id) => id === deploymentId));
    expect(counted).toBe(4);
    expect(told.filter(({ type }) => type === 'approved')).toHaveLength(counted);
    expect(told.filter(({ type }) => type === 'refused')).toHaveLength(tries.length - counted);
  });

  test('the largest application is removed with its audit in one transaction', async () => {
    const pipeline = Array.from({ length: MOST_ENVIRONMENTS }, (_, number) => `e${number}`);
    const serviceDiscoveryDomain = 'acme.example';
    await world.write('application', anApplication({ name: 'large', pipeline, serviceDiscoveryDomain }));
    const at = world.surroundings.now();
    for (const [number, name] of pipeline.entries()) {
      await world.write('environment', anEnvironment({ application: 'large', name, dns: DNS_SETTINGS }));
      const where = { application: 'large', environment: name };
      await world.write('environmentState', anEnvironmentState(where));
      const [address, former] = [
        `bucket/large/${name}`,
        number < 5 ? [`bucket/old/${name}`, `bucket/older/${name}`] : [],
      ];
      await world.write('stateAddress', { ...where, address, former });
      await world.write('keptTrees', { ...where, successes: [], dropped: [] });
      const hostname = `large-${name}-eu-west-1.development.${serviceDiscoveryDomain}`;
      await world.write('hostnameClaim', { ...where, hostname, at });
      for (const each of [address, ...former]) await world.write('stateClaim', { ...where, address: each, at });
    }
    const reads = pipeline.map((environment) => ({ environment, release: 1, paths: ['apps/_m'], isComplete: true }));
    await world.write('applicationReads', { application: 'large', environments: reads });
    const [moved, more] = [{ application: 'large', environment: 'e0' }, 'bucket/oldest/e0'];
    const known = { ...moved, address: 'bucket/large/e0', former: ['bucket/old/e0', 'bucket/older/e0'] };
    await world.write('stateAddress', { ...known, former: [...known.former, more] });
    const refused = { refusal: 'not-allowed-here' };
    await expect(removeApplication(world, 'large', 'admin')).rejects.toMatchObject(refused);
    await world.write('stateAddress', known);
    await removeApplication(world, 'large', 'admin');
    expect(await world.store.get('application', { name: 'large' })).toBeUndefined();
    expect(await world.store.get('applicationReads', { application: 'large' })).toBeUndefined();
    const freed = { hostname: 'large-e0-eu-west-1.development.acme.example' };
    expect(await world.store.get('hostnameClaim', freed)).toBeUndefined();
    const [entry] = await listAll(world.store, LISTINGS.audit('large', 'ascending'));
    expect(entry).toMatchObject({ sequence: 1, type: 'application-removed', by: 'admin' });
  });

  test('the transaction before the apply has room for every lift that one plan may use', async () => {
    await world.bring(await world.release(), 'stage1');
    const id = await world.deploy('prod1', 1);
    await world.workflow.run(id);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await world.decide(id, CAROL);
    await world.workflow.runTo(id, 'ConsumePlan');
    // Lifts of proof are records like lifts of protection.
    const lifts = Array.from({ length: MOST_PROTECTION_LIFTS + MOST_PROOF_LIFTS }, (_, number) => `thing.n${number}`);
    const where = { application: 'my-app', environment: 'prod1' };
    const reason = 'the client has agreed to it';
    for (const address of lifts) await liftProtection(world, where, { address, reason }, { principal: 'someone' });
    const deployment = await world.deployment(id);
    if (deployment.status !== 'awaiting_approval') throw new Error(`"${id}" is ${deployment.status}`);
    await world.write('deployment', { ...deployment, planned: { ...deployment.planned, lifts } });
    expect((await world.finish(id)).status).toBe('succeeded');
    const given = await listAll(world.store, LISTINGS.protectionLifts('my-app', 'prod1'));
    expect(given.filter(({ lifts: [lift] }) => lift?.usedBy?.deploymentId === id)).toHaveLength(lifts.length);
  });

  test('three reconcilers and the workflow releasing at once hand the environment over once', async () => {
    for (const release of [1, 2]) expect(await world.release()).toBe(release);
    const [first, next] = [await world.deploy('dev1', 1), await world.deploy('dev1', 2)];
    while (!isTerminal(await world.statusOf(first))) await world.workflow.step(first);
    const { workflow } = world;
    await Promise.all([workflow.run(first), world.reconcile(), world.reconcile(), world.reconcile()]);
    expect(await world.holderOf('dev1')).toBe(next);
    expect((await world.story(next)).filter((type) => type === 'started')).toHaveLength(1);
    expect((await world.finish(next)).status).toBe('succeeded');
    expect(await world.state('dev1')).toMatchObject({ holder: null, queue: [] });
  });
});
