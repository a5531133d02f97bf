import { beforeEach, describe, expect, test } from '@jest/globals';
import { liftProtection } from '../../../lambdas/domain/environment/lift-protection.ts';
import { plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { type Evidence, type Finding, findAftermath } from '../../../scripts/restore/aftermath.ts';
import { recordFinding } from '../../../scripts/restore/record-aftermath.ts';
import { InMemoryStore } from '../../fakes/in-memory-store.ts';
import { ALICE, BOB, World } from '../../harness/world.ts';

/** Rules 2, 5, 7 and 8 after the table was set back: what happened since the moment is recorded, and nothing is applied again. */

let world: World;
let release: number;
let store: InMemoryStore;

beforeEach(async () => {
  store = new InMemoryStore();
  world = new World(store);
  await world.furnish();
  release = await world.release();
});

/** Sets only the table back to now, later. Everything else goes on. */
async function backup(): Promise<{ moment: string; restore: () => World }> {
  const table = store.copy();
  const moment = world.surroundings.now();
  world.surroundings.advance(1);
  return { moment, restore: () => world.copyOn(table) };
}

/** What S3 and Step Functions know in this world. */
const evidenceOf = (restored: World): Evidence => ({
  async appliesSince() {
    return restored.artifacts.keys().flatMap((key) => {
      const [, deploymentId = '', round] = /^runs\/([^/]+)\/[^/]+\/(\d+)\/apply\/started\.json$/.exec(key) ?? [];
      return round === undefined ? [] : [{ deploymentId, round: Number(round), at: restored.surroundings.now() }];
    });
  },
  executionsSince: async () => [...restored.workflow.executions.keys()],
  async execution(deploymentId) {
    const { status } = await restored.workflow.execution(deploymentId);
    const isBuilding = restored.builds.of(deploymentId).some((build) => restored.builds.running.has(build));
    if (status === 'absent') return { status, isBuilding };
    return { status: status === 'running' ? 'running' : 'ended', movedAt: restored.surroundings.now(), isBuilding };
  },
  stop: (deploymentId) => restored.workflow.abort(deploymentId),
});

const find = async (restored: World, moment: string): Promise<readonly Finding[]> =>
  (await findAftermath(restored.store, evidenceOf(restored), moment, restored.surroundings.now())).findings;

async function repair(restored: World, moment: string): Promise<string[]> {
  const told: string[] = [];
  for (const finding of await find(restored, moment)) {
    const recorder = { store: restored.store, evidence: evidenceOf(restored), by: 'arn:operator', moment };
    const { outcome } = await recordFinding({ ...recorder, surroundings: restored.surroundings }, finding);
    told.push(`${finding.kind} ${outcome}`);
  }
  return told;
}

describe('a plan that was applied after the moment', () => {
  test('is used up in the restored table, and its deployment ends as applied', async () => {
    await world.succeed('dev1', release);
    const id = await world.deploy('stage1', release);
    await world.workflow.run(id);
    const { moment, restore } = await backup();
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
    const restored = restore();
    expect(await restored.statusOf(id)).toBe('awaiting_approval');
    expect(await repair(restored, moment)).toEqual(['applied recorded']);
    expect(await restored.statusOf(id)).toBe('applying');
    const digest = plannedOf(await restored.deployment(id))?.digest ?? '';
    expect(await restored.store.get('consumedPlan', { digest })).toMatchObject({ deploymentId: id });
    await restored.reconcile();
    expect(await restored.deployment(id)).toMatchObject({ status: 'failed', applied: 'yes' });
    expect([await restored.holderOf('stage1'), (await restored.state('stage1')).newestStarted]).toEqual([
      undefined,
      release,
    ]);
    expect(await repair(restored, moment)).toEqual([]);
  });

  test('is known to nobody: its environment is on hold, and its number is not given again', async () => {
    await world.succeed('dev1', release);
    const { moment, restore } = await backup();
    const next = await world.release();
    const id = await world.succeed('dev1', next);
    const restored = restore();
    expect(await repair(restored, moment)).toEqual(['applied-unknown recorded']);
    const { hold, newestDeployment, resources } = await restored.state('dev1');
    expect([hold?.reason, newestDeployment, resources]).toEqual([expect.stringContaining(id), 2, undefined]);
    const audit = await listAll(restored.store, LISTINGS.audit('my-app', 'descending'));
    expect(audit[0]).toMatchObject({ type: 'held', by: 'arn:operator', comment: expect.stringContaining(id) });
    expect(await find(restored, moment)).toEqual([]);
  });
});

describe('an execution that went on after the moment', () => {
  test('is stopped, and the reconciler frees the environment', async () => {
    await world.bring(release, 'stage1');
    const id = await world.deploy('prod1', release);
    await world.workflow.run(id);
    const { moment, restore } = await backup();
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    const restored = restore();
    expect(await repair(restored, moment)).toEqual(['moved-on stopped']);
    await restored.reconcile();
    expect([await restored.statusOf(id), await restored.holderOf('prod1')]).toEqual(['failed', undefined]);
  });

  test('and that the table does not know, is stopped', async () => {
    await world.succeed('dev1', release);
    const { moment, restore } = await backup();
    const id = await world.deploy('stage1', release);
    await world.workflow.run(id);
    const restored = restore();
    expect(await repair(restored, moment)).toEqual(['unknown-running stopped']);
    expect((await restored.workflow.execution(id)).status).toBe('aborted');
  });
});

describe('a lift for one use', () => {
  test('that was open at the moment is ended, because it may have been used', async () => {
    const address = 'aws_db_instance.main';
    const where = { application: 'my-app', environment: 'prod1' };
    await liftProtection(world, where, { address, reason: 'it is moved elsewhere' }, { principal: 'a', approver: BOB });
    const { moment, restore } = await backup();
    const restored = restore();
    expect(await repair(restored, moment)).toEqual(['lift recorded']);
    restored.surroundings.advance(1);
    expect(await find(restored, moment)).toEqual([]);
  });
});

describe('the audit', () => {
  test('is followed to its end, and what does not fit is told', async () => {
    await world.succeed('dev1', release);
    const { restore } = await backup();
    const { audits } = await findAftermath(restore().store, evidenceOf(world), '', world.surroundings.now());
    const head = await world.store.get('auditHead', { application: 'my-app' });
    expect(audits).toEqual([head]);
    await world.write('auditHead', { application: 'my-app', sequence: 99, hash: 'f'.repeat(64) });
    const broken = await findAftermath(world.store, evidenceOf(world), '', world.surroundings.now());
    expect(broken.audits).toMatchObject([{ broken: expect.stringContaining('99') }]);
  });
});
