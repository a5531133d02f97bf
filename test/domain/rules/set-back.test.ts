import { beforeEach, describe, expect, test } from '@jest/globals';
import { startedApplyOf } from '../../../lambdas/domain/build/run-prefix.ts';
import { liftProtection } from '../../../lambdas/domain/environment/lift-protection.ts';
import { adjustEphemeral } from '../../../lambdas/domain/ephemeral/adjust-ephemeral.ts';
import { redeployEphemeral } from '../../../lambdas/domain/ephemeral/redeploy-ephemeral.ts';
import { plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { type Evidence, type Finding, findAftermath } from '../../../scripts/restore/aftermath.ts';
import { type Recorded, recordFinding } from '../../../scripts/restore/record-aftermath.ts';
import { isInOrder } from '../../../scripts/restore/report.ts';
import { InMemoryStore } from '../../fakes/in-memory-store.ts';
import { commitOf } from '../../harness/builders.ts';
import { stateAddressOf } from '../../harness/plan-artifacts.ts';
import { ALICE, BOB, TOOLING, World } from '../../harness/world.ts';

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
      const apply = startedApplyOf(key);
      return apply ? [{ ...apply, at: restored.surroundings.now() }] : [];
    });
  },
  executionsSince: async () => [...restored.workflow.executions.keys()],
  async execution(deploymentId) {
    const { status } = await restored.workflow.execution(deploymentId);
    const isBuilding = restored.builds.of(deploymentId).some((build) => restored.builds.running.has(build));
    const execution = restored.workflow.executions.get(deploymentId);
    if (status === 'absent' || !execution) return { status: 'absent', isBuilding };
    const startedAt = new Date(execution.startedAt).toISOString();
    const movedAt = restored.surroundings.now();
    return { status: status === 'running' ? 'running' : 'ended', startedAt, movedAt, isBuilding };
  },
  stop: (deploymentId) => restored.workflow.abort(deploymentId),
});

const find = async (restored: World, moment: string): Promise<readonly Finding[]> =>
  (await findAftermath(restored.store, evidenceOf(restored), moment, restored.surroundings.now())).findings;

async function record(restored: World, moment: string): Promise<(Finding & { done: Recorded })[]> {
  const { store: table, surroundings } = restored;
  const recorder = { store: table, evidence: evidenceOf(restored), surroundings, by: 'arn:operator', moment };
  const recorded: (Finding & { done: Recorded })[] = [];
  for (const finding of await find(restored, moment))
    recorded.push({ ...finding, done: await recordFinding(recorder, finding) });
  return recorded;
}

const repair = async (restored: World, moment: string): Promise<string[]> =>
  (await record(restored, moment)).map(({ kind, done }) => `${kind} ${done.outcome}`);

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

  test('is another one than the table knows: its environment is on hold, and its release counts as started', async () => {
    await world.succeed('dev1', release);
    const id = await world.deploy('stage1', release);
    await world.workflow.run(id);
    const { moment, restore } = await backup();
    world.states.change(stateAddressOf({ application: 'my-app', environment: 'stage1' }));
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await world.finish(id);
    expect(await world.deployment(id)).toMatchObject({ status: 'succeeded', planned: { round: 2 } });
    const restored = restore();
    expect(await repair(restored, moment)).toEqual(['applied-unknown recorded']);
    expect(await restored.state('stage1')).toMatchObject({
      newestStarted: release,
      hold: { by: { principal: 'arn:operator' } },
    });
    await restored.reconcile();
    expect([await restored.statusOf(id), await restored.holderOf('stage1')]).toEqual(['failed', undefined]);
  });

  test('leaves nothing in the queue that could replace it', async () => {
    const holder = await world.deploy('dev1', release);
    await world.workflow.runTo(holder, 'Apply');
    const waiting = await world.deploy('dev1', await world.release());
    const { moment, restore } = await backup();
    await world.cancel(waiting);
    await world.workflow.run(holder);
    await world.succeed('dev1', await world.release());
    const restored = restore();
    const applied = [...restored.builds.applied];
    expect(await restored.queueOf('dev1')).toEqual([waiting]);
    expect(await repair(restored, moment)).toEqual(['applied-unknown recorded']);
    await restored.reconcile();
    expect([await restored.statusOf(waiting), await restored.holderOf('dev1')]).toEqual(['superseded', undefined]);
    expect(await restored.deployment(waiting)).toMatchObject({
      error: { message: expect.stringContaining(moment) },
    });
    await restored.reconcile();
    expect(restored.events.published.filter(({ name }) => name === 'DeploymentSuperseded')).toMatchObject([
      { detail: { deploymentId: waiting } },
    ]);
    expect(restored.builds.applied).toEqual(applied);
  });

  test('in an ephemeral environment puts nothing on hold, and is told as such', async () => {
    await world.runningEphemeral('pr-1');
    const { moment, restore } = await backup();
    await redeployEphemeral(world, { application: 'my-app', environment: 'pr-1' }, commitOf(2), TOOLING);
    await world.finishIn('pr-1');
    const restored = restore();
    const [recorded] = await record(restored, moment);
    expect(recorded).toMatchObject({ kind: 'applied-unknown', done: { text: expect.stringContaining('ephemeral') } });
    expect((await restored.state('pr-1')).hold).toBeNull();
  });

  test('in an environment that the table does not know, is told and leaves the command nothing to do', async () => {
    const { moment, restore } = await backup();
    await world.runningEphemeral('pr-1');
    const findings = await record(restore(), moment);
    expect(findings).toMatchObject([{ kind: 'homeless', done: { outcome: 'told' } }]);
    expect(isInOrder({ table: 'restored', moment, settings: [], audits: [], findings })).toBe(true);
  });
});

const STARTS_OF_AN_ATTEMPT = 11;

/** The next attempt to start a build gets no answer: each start fails before or after the build has begun. */
function loseStart(when: 'before' | 'after'): void {
  const fault = { error: 'CodeBuild.SdkClientException', when };
  world.builds.startFaults.push(...Array.from({ length: STARTS_OF_AN_ATTEMPT }, () => fault));
}

describe('a plan whose start was not answered', () => {
  let id: string;
  beforeEach(async () => {
    await world.succeed('dev1', release);
    id = await world.deploy('stage1', release);
    await world.workflow.run(id);
  });

  /** Lets the apply of an attempt not begin: its plan is given back. */
  async function lose(when: 'before' | 'after'): Promise<void> {
    loseStart(when);
    await world.workflow.run(id);
    expect(world.workflow.stateOf(id)).toBe('WaitForApply');
    world.builds.forgetTokens();
  }
  async function applyNextAttempt(): Promise<void> {
    world.surroundings.advance(300);
    await world.workflow.run(id);
    expect(await world.deployment(id)).toMatchObject({ status: 'succeeded', attempt: 2 });
  }

  test.each(['ConsumePlan', 'Apply'])(
    'and that a later attempt applied, is used up for that one, set back to %s',
    async (state) => {
      await world.decide(id, ALICE);
      await world.workflow.runTo(id, state);
      const { moment, restore } = await backup();
      await lose('before');
      await applyNextAttempt();
      const restored = restore();
      expect(await repair(restored, moment)).toEqual(['applied recorded']);
      expect(await restored.deployment(id)).toMatchObject({ status: 'applying', attempt: 2 });
      expect(await find(restored, moment)).toEqual([]);
      await restored.reconcile();
      expect(await restored.deployment(id)).toMatchObject({ status: 'failed', applied: 'yes' });
      const digest = plannedOf(await restored.deployment(id))?.digest ?? '';
      expect(await restored.store.get('consumedPlan', { digest })).toMatchObject({ deploymentId: id });
      expect((await restored.state('stage1')).newestStarted).toBe(release);
    },
  );

  test('is not used up by a build of an earlier attempt, which got no credentials', async () => {
    await world.decide(id, ALICE);
    await lose('after');
    const { moment, restore } = await backup();
    expect(await world.builds.end(world.builds.of(id).at(-1) ?? '')).toBe('FAILED');
    const restored = restore();
    expect((await find(restored, moment)).map(({ kind }) => kind)).toEqual(['moved-on']);
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

  test('of a deployment that waits in the queue, or has come to its turn since, is stopped', async () => {
    const holder = await world.deploy('dev1', release);
    await world.workflow.runTo(holder, 'Apply');
    const next = await world.deploy('dev1', await world.release());
    const { moment, restore } = await backup();
    await world.workflow.run(holder);
    await world.workflow.runTo(next, 'Plan');
    const restored = restore();
    const found = { kind: 'moved-on', deploymentId: next };
    expect(await find(restored, moment)).toMatchObject([found]);
    restored.surroundings.advance(60);
    await restored.reconcile();
    expect(await restored.holderOf('dev1')).toBe(next);
    expect(await find(restored, moment)).toMatchObject([found]);
    expect(await repair(restored, moment)).toEqual(['moved-on stopped']);
    await restored.reconcile();
    expect([await restored.statusOf(next), await restored.holderOf('dev1')]).toEqual(['failed', undefined]);
  });

  test('is left alone if it was started in the restored table', async () => {
    const { moment, restore } = await backup();
    const restored = restore();
    restored.applies = 'banned';
    const id = await restored.deploy('dev1', release);
    await restored.workflow.run(id);
    restored.surroundings.advance(60);
    expect(restored.workflow.stateOf(id)).toBe('WaitForApplies');
    expect(await find(restored, moment)).toEqual([]);
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

  test('with a build in progress, is left for the next run of the command', async () => {
    const { moment, restore } = await backup();
    const id = await world.deploy('dev1', release);
    loseStart('after');
    await world.workflow.run(id);
    const restored = restore();
    const findings = await record(restored, moment);
    expect(findings).toMatchObject([{ kind: 'unknown-running', done: { outcome: 'left' } }]);
    expect(isInOrder({ table: 'restored', moment, settings: [], findings, audits: [] })).toBe(false);
    expect((await restored.workflow.execution(id)).status).toBe('running');
    restored.builds.endAll();
    expect(await repair(restored, moment)).toEqual(['unknown-running stopped']);
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

describe('an ephemeral environment whose time was extended after the moment', () => {
  test('is not destroyed before somebody can extend it again', async () => {
    await world.runningEphemeral('pr-1', { ttlHours: 2 });
    const { restore } = await backup();
    await adjustEphemeral(world, 'my-app', 'pr-1', { ttlHours: 20 }, TOOLING);
    const restored = restore();
    restored.applies = 'banned';
    restored.surroundings.advance(3 * 3600);
    expect(await restored.sweep()).toEqual([]);
    await adjustEphemeral(restored, 'my-app', 'pr-1', { ttlHours: 17 }, TOOLING);
    restored.applies = 'allowed';
    expect(await restored.sweep()).toEqual([]);
    expect((await restored.ephemeralNow('pr-1')).life.phase).toBe('open');
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
