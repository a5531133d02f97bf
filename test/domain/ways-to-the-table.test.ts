import { beforeEach, describe, expect, test } from '@jest/globals';
import { readForDecision } from '../../lambdas/domain/approval/decide-gate.ts';
import { registerRelease } from '../../lambdas/domain/release/register-release.ts';
import { requestPromotion } from '../../lambdas/domain/release/request-promotion.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { aCommitObject } from '../harness/commit-object.ts';
import { ALICE, CAROL, TOOLING, World } from '../harness/world.ts';

/** Counts how often code waits for the table. Requests that run side by side count as one way there and back. */
class Ways {
  count = 0;
  #current: Promise<void> | undefined;

  /** Waits for the current way. Every read calls this. */
  readonly go = (): Promise<void> => {
    if (!this.#current) {
      this.count += 1;
      this.#current = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        this.#current = undefined;
      });
    }
    return this.#current;
  };

  async of(doing: () => Promise<unknown>): Promise<number> {
    const before = this.count;
    await doing();
    return this.count - before;
  }
}

/** A release waits for each of these ways many times. So reads that can go together must not go one by one. */
describe('nobody goes to the table more often than it takes to know what to ask for', () => {
  let ways: Ways;
  let world: World;
  beforeEach(async () => {
    ways = new Ways();
    world = new World(new InMemoryStore(undefined, ways.go));
    await world.furnish();
  });

  /** Runs the deployment as far as it goes. Returns for each state how often it went to the table, at most. */
  async function run(id: string): Promise<Record<string, number>> {
    const most: Record<string, number> = {};
    while (world.workflow.canStep(id)) {
      const state = world.workflow.stateOf(id) ?? '';
      const taken = await ways.of(() => world.workflow.step(id));
      most[state] = Math.max(taken, most[state] ?? 0);
    }
    return most;
  }

  test('in a deployment to development', async () => {
    await world.release();
    expect(await run(await world.deploy('dev1', 1))).toEqual({
      AcquireEnvironment: 2,
      PreparePlan: 2,
      Plan: 1, // the simulated build's own
      AnalyzePlan: 3,
      ConsumePlan: 2,
      Apply: 6, // the simulated build's own, which redeems its ticket
      RecordOutputs: 2,
      RecordSuccess: 3,
      AnnounceSuccess: 1,
      KeepTree: 4,
      ReleaseEnvironment: 2,
    });
  });

  test('in the first plan of a release made by API, which reads what its commit says', async () => {
    const { id: commit, base64 } = aCommitObject();
    world.builds.commits.set(commit, base64);
    const facts = { application: 'my-app', commit, message: '', author: '' };
    const { deploymentId = '' } = await registerRelease(world, facts, TOOLING);
    expect(await run(deploymentId)).toMatchObject({ AnalyzePlan: 3 });
    expect(await world.store.get('release', { application: 'my-app', number: 1 })).toHaveProperty('stated');
  });

  test('in a deployment to production', async () => {
    await world.release();
    await world.bring(1, 'stage1');
    const id = await world.deploy('prod1', 1);
    expect(await run(id)).toMatchObject({ AnalyzePlan: 4, RequestStaffApproval: 3, AwaitStaffApproval: 1 });
    await world.decide(id, ALICE);
    expect(await run(id)).toMatchObject({ SettleStaffGate: 1, RequestClientApproval: 3 });
    await world.decide(id, CAROL);
    expect(await run(id)).toMatchObject({ CheckPlan: 2, ConsumePlan: 3, RecordSuccess: 3, ReleaseEnvironment: 2 });
    expect((await world.deployment(id)).status).toBe('succeeded');
  });

  test('when a push comes', async () => {
    await world.push();
    await world.finishIn('dev1');
    expect(await ways.of(() => world.push())).toBe(2);
  });

  test('when a success is promoted', async () => {
    await world.release();
    const id = await world.succeed('dev1', 1);
    expect(await ways.of(() => world.promote(id))).toBe(3);
  });

  test('when somebody asks for a promotion', async () => {
    await world.release();
    await world.bring(1, 'stage1');
    const wish = { application: 'my-app', to: 'prod1', requestedBy: TOOLING };
    expect(await ways.of(() => requestPromotion(world, wish))).toBe(4);
  });

  test('when somebody decides', async () => {
    await world.release();
    await world.bring(1, 'dev1');
    const id = await world.deploy('stage1', 1);
    await run(id);
    const decision = { deploymentId: id, gate: 'staff', email: ALICE } as const;
    const ahead = await world.store.readAhead();
    expect(await ways.of(() => readForDecision(ahead, decision))).toBe(2);
    // The test reads approver and gate (1 + 1), the decision is judged (2), and then the task's token is read (1).
    expect(await ways.of(() => world.decide(id, ALICE))).toBe(1 + 1 + 2 + 1);
  });
});
