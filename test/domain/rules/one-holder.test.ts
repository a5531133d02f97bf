import { beforeEach, describe, expect, test } from '@jest/globals';
import { adjustEnvironment } from '../../../lambdas/domain/environment/adjust-environment.ts';
import { admit, releaseHolder } from '../../../lambdas/domain/model/environment-state.ts';
import { anEnvironmentState, NOW } from '../../harness/builders.ts';
import { ALICE, CAROL, World } from '../../harness/world.ts';

describe('rule 4: one deployment holds an environment, the others wait, and none is lost', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  const releases = async (count: number, upTo?: string): Promise<void> => {
    for (let number = 1; number <= count; number++) {
      await world.release();
      if (upTo) await world.bring(number, upTo);
    }
  };

  describe('waiting', () => {
    test('the first comer holds the environment and starts, the next one waits without an execution', async () => {
      await releases(2);
      const [first, second] = [await world.deploy('dev1', 1), await world.deploy('dev1', 2)];
      expect(await world.statusOf(first)).toBe('planning');
      expect(await world.statusOf(second)).toBe('queued');
      expect(world.workflow.executions.has(first)).toBe(true);
      expect(world.workflow.executions.has(second)).toBe(false);
      expect(await world.holderOf('dev1')).toBe(first);
      expect(await world.queueOf('dev1')).toEqual([second]);
    });

    test('the next one starts when the holder has released the environment', async () => {
      await releases(2);
      const [first, second] = [await world.deploy('dev1', 1), await world.deploy('dev1', 2)];
      await world.finish(first);
      expect(await world.holderOf('dev1')).toBe(second);
      expect(world.workflow.executions.has(second)).toBe(true);
      expect((await world.finish(second)).status).toBe('succeeded');
      expect(await world.state('dev1')).toMatchObject({ holder: null, queue: [], deployed: { release: 2 } });
    });

    test('many arriving at once, one holds and the newest waits', async () => {
      await releases(8);
      const ids = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((release) => place(release)));
      expect(new Set(ids.filter(Boolean)).size).toBe(8);
      const state = await world.state('dev1');
      expect(state.newestDeployment).toBe(8);
      expect(state.queue.map(({ release }) => release)).toEqual(state.holder?.release === 8 ? [7] : [8]);
      const statuses = (await world.history('dev1')).map(({ status }) => status).sort();
      expect(statuses).toEqual(['planning', 'queued', ...Array.from({ length: 6 }, () => 'superseded')]);
    });
    const place = (release: number) =>
      world.deploy('dev1', release, { automatic: true }).catch((error: unknown) => String(error));

    test('another environment does not wait', async () => {
      await releases(2);
      await world.succeed('dev1', 1);
      await world.deploy('dev1', 2);
      expect(await world.statusOf(await world.deploy('stage1', 1))).toBe('planning');
    });
  });

  describe('the same asked for twice', () => {
    test.each(['planning', 'queued'] as const)('while the first is %s answers with the first', async (status) => {
      await releases(2);
      await world.deploy('dev1', 1);
      const release = status === 'planning' ? 1 : 2;
      const id = await world.deploy('dev1', release);
      expect(await world.statusOf(id)).toBe(status);
      expect(await world.place({ environment: 'dev1', release })).toMatchObject({ isNew: false, deployment: { id } });
    });

    test('at the same time makes one', async () => {
      await releases(1);
      const ids = await Promise.all([1, 1, 1, 1].map((release) => world.deploy('dev1', release)));
      expect(new Set(ids).size).toBe(1);
      expect(await world.history('dev1')).toHaveLength(1);
    });

    test('after the first has ended, but not yet released the environment, makes another one', async () => {
      await releases(1);
      world.builds.terraform = () => ({ plan: 'fails', apply: 'fails' });
      const failed = await world.deploy('dev1', 1);
      while ((await world.statusOf(failed)) !== 'failed') await world.workflow.step(failed);
      const { isNew, deployment } = await world.place({ environment: 'dev1', release: 1 });
      expect({ isNew, status: deployment.status }).toEqual({ isNew: true, status: 'queued' });
      const again = await world.place({ environment: 'dev1', release: 1 });
      expect(again).toMatchObject({ isNew: false, deployment: { id: deployment.id } });
      await world.workflow.run(failed);
      expect(await world.holderOf('dev1')).toBe(deployment.id);
    });

    test('with another operation is another deployment', async () => {
      await releases(1);
      await world.succeed('dev1', 1);
      const [deploy, destroy] = [
        await world.deploy('dev1', 1),
        await world.deploy('dev1', 1, { operation: 'destroy' }),
      ];
      expect(deploy).not.toBe(destroy);
      expect(await world.queueOf('dev1')).toEqual([destroy]);
    });
  });

  describe('of the waiting', () => {
    test('the newest release wins and older ones end superseded, told why', async () => {
      await releases(3);
      const [, second, third] = [
        await world.deploy('dev1', 1),
        await world.deploy('dev1', 2),
        await world.deploy('dev1', 3),
      ];
      expect(await world.statusOf(second)).toBe('superseded');
      expect(await world.deployment(second)).toMatchObject({ error: { message: expect.stringContaining(third) } });
      expect(await world.queueOf('dev1')).toEqual([third]);
      expect(world.events.names()).toContain('DeploymentSuperseded');
    });

    test('an older release that arrives late is refused, or recorded as superseded when nobody asked for it', async () => {
      await releases(3);
      await world.deploy('dev1', 1);
      const newest = await world.deploy('dev1', 3);
      await expect(world.deploy('dev1', 2)).rejects.toMatchObject({ refusal: 'newer-release-queued' });
      const late = await world.deploy('dev1', 2, { automatic: true });
      expect(await world.statusOf(late)).toBe('superseded');
      expect(await world.queueOf('dev1')).toEqual([newest]);
    });

    test('a rollback goes first, and no deploy supersedes it', async () => {
      await releases(4);
      for (const release of [1, 2]) await world.succeed('dev1', release);
      const holder = await world.deploy('dev1', 3);
      const rollback = await world.rollBack('dev1', 1);
      const newest = await world.deploy('dev1', 4);
      expect(await world.queueOf('dev1')).toEqual([rollback, newest]);
      await world.finish(holder);
      expect(await world.holderOf('dev1')).toBe(rollback);
      expect(await world.queueOf('dev1')).toEqual([newest]);
    });

    test('a rollback asked for later goes before a deploy that waits already', async () => {
      await releases(4);
      for (const release of [1, 2]) await world.succeed('dev1', release);
      const holder = await world.deploy('dev1', 3);
      const waiting = await world.deploy('dev1', 4);
      const rollback = await world.rollBack('dev1', 1);
      expect(await world.queueOf('dev1')).toEqual([waiting, rollback]);
      await world.finish(holder);
      expect(await world.holderOf('dev1')).toBe(rollback);
    });

    test('of two rollbacks the later wish counts', async () => {
      await releases(4);
      for (const release of [1, 2, 3]) await world.succeed('dev1', release);
      await world.deploy('dev1', 4);
      const [older, later] = [await world.rollBack('dev1', 2), await world.rollBack('dev1', 1)];
      expect(await world.statusOf(older)).toBe('superseded');
      expect(await world.queueOf('dev1')).toEqual([later]);
    });

    test('a destruction is superseded by nobody and supersedes nobody', async () => {
      await releases(3);
      await world.succeed('dev1', 1);
      await world.deploy('dev1', 2);
      const destruction = await world.deploy('dev1', 1, { operation: 'destroy' });
      const newest = await world.deploy('dev1', 3);
      const another = await world.deploy('dev1', 2, { operation: 'destroy' });
      expect(await world.queueOf('dev1')).toEqual([destruction, newest, another]);
    });

    test('what became older than the release that was applied ends superseded when its turn comes', async () => {
      await releases(3);
      const holder = await world.deploy('dev1', 3);
      const waiting = await world.deploy('dev1', 2);
      await world.finish(holder);
      expect(await world.statusOf(waiting)).toBe('superseded');
      expect(await world.state('dev1')).toMatchObject({ holder: null, queue: [], deployed: { release: 3 } });
      expect(world.events.published.filter(({ detail }) => detail.deploymentId === waiting)).toHaveLength(1);
    });

    test('what waited behind a newer release that failed gets its turn', async () => {
      await releases(3);
      world.builds.terraform = ({ release }) => ({ plan: release === 3 ? 'fails' : 'changes', apply: 'succeeds' });
      const holder = await world.deploy('dev1', 3);
      const waiting = await world.deploy('dev1', 2);
      await world.finish(holder);
      expect((await world.finish(waiting)).status).toBe('succeeded');
    });
  });

  describe('a holder that awaits approval', () => {
    let holder: string;
    const awaiting = async (environment: string) => {
      await releases(3, environment === 'prod1' ? 'stage1' : 'dev1');
      holder = await world.deploy(environment, 1);
      await world.workflow.run(holder);
      expect(await world.statusOf(holder)).toBe('awaiting_approval');
    };

    test('in staging is superseded by a newer release when nobody has decided', async () => {
      await awaiting('stage1');
      const newer = await world.deploy('stage1', 2);
      expect((await world.gate(holder, 'staff'))?.status).toBe('superseded');
      await world.workflow.run(holder);
      expect(await world.statusOf(holder)).toBe('superseded');
      expect(await world.holderOf('stage1')).toBe(newer);
      expect(world.workflow.executions.has(newer)).toBe(true);
    });

    test('in staging is not superseded once a decision is recorded', async () => {
      world = await World.open({ policy: { staging: { staff: 2 } } });
      await awaiting('stage1');
      await world.decide(holder, ALICE);
      const newer = await world.deploy('stage1', 2);
      expect((await world.gate(holder, 'staff'))?.status).toBe('open');
      expect(await world.statusOf(newer)).toBe('queued');
    });

    test('in staging is not superseded at its second gate, as the first was decided', async () => {
      world = await World.open({ policy: { staging: { client: 1 } } });
      await awaiting('stage1');
      await world.decide(holder, ALICE);
      await world.workflow.run(holder);
      const newer = await world.deploy('stage1', 2);
      expect((await world.gate(holder, 'client'))?.status).toBe('open');
      await world.decide(holder, CAROL);
      await world.workflow.run(holder);
      expect(await world.statusOf(holder)).toBe('succeeded');
      expect(await world.holderOf('stage1')).toBe(newer);
    });

    test('in production is never superseded', async () => {
      await awaiting('prod1');
      const newer = await world.deploy('prod1', 2);
      expect((await world.gate(holder, 'staff'))?.status).toBe('open');
      expect(await world.statusOf(newer)).toBe('queued');
      expect((await world.finish(holder)).status).toBe('succeeded');
      expect(await world.holderOf('prod1')).toBe(newer);
    });

    test('is not superseded by an older release', async () => {
      await releases(3, 'dev1');
      holder = await world.deploy('stage1', 3);
      await world.workflow.run(holder);
      const older = await world.deploy('stage1', 2);
      expect((await world.gate(holder, 'staff'))?.status).toBe('open');
      expect(await world.statusOf(older)).toBe('queued');
    });

    test.each(['rollback', 'destroy'] as const)('is not superseded by a %s', async (operation) => {
      await releases(3, 'stage1');
      await world.release();
      await world.succeed('dev1', 4);
      holder = await world.deploy('stage1', 4);
      await world.workflow.run(holder);
      const other = await world.deploy('stage1', 1, { operation });
      expect((await world.gate(holder, 'staff'))?.status).toBe('open');
      expect(await world.queueOf('stage1')).toEqual([other]);
    });

    test.each(['rollback', 'destroy'] as const)('for a %s is not superseded by a deploy', async (operation) => {
      await releases(2, 'stage1');
      await world.release();
      await world.succeed('dev1', 3);
      holder = await world.deploy('stage1', 1, { operation });
      await world.workflow.run(holder);
      const newer = await world.deploy('stage1', 3);
      expect((await world.gate(holder, 'staff'))?.status).toBe('open');
      expect(await world.queueOf('stage1')).toEqual([newer]);
    });

    test('of a decision and a newer release at the same time, one wins', async () => {
      await awaiting('stage1');
      const [decision, newer] = await Promise.allSettled([world.decide(holder, ALICE), world.deploy('stage1', 2)]);
      expect(newer.status).toBe('fulfilled');
      await world.workflow.run(holder);
      expect(await world.statusOf(holder)).toBe(decision.status === 'fulfilled' ? 'succeeded' : 'superseded');
    });

    test('a planning holder is superseded when its gate opens, if a newer release waits by then', async () => {
      await releases(2, 'dev1');
      holder = await world.deploy('stage1', 1);
      const newer = await world.deploy('stage1', 2);
      expect(await world.statusOf(holder)).toBe('planning');
      await world.workflow.run(holder);
      expect(await world.statusOf(holder)).toBe('superseded');
      expect(world.mail.sent).toEqual([]);
      expect(await world.holderOf('stage1')).toBe(newer);
    });

    test('a planning holder in production keeps its turn', async () => {
      await releases(2, 'stage1');
      world.mail.sent.length = 0;
      holder = await world.deploy('prod1', 1);
      await world.deploy('prod1', 2);
      expect((await world.finish(holder)).status).toBe('succeeded');
    });

    test('a planning holder whose newer rival was canceled keeps its turn', async () => {
      await releases(2, 'dev1');
      holder = await world.deploy('stage1', 1);
      await world.cancel(await world.deploy('stage1', 2));
      expect((await world.finish(holder)).status).toBe('succeeded');
    });

    test('an applying holder is let finish', async () => {
      await releases(2);
      holder = await world.deploy('dev1', 1);
      while ((await world.statusOf(holder)) !== 'applying') await world.workflow.step(holder);
      const newer = await world.deploy('dev1', 2);
      expect((await world.finish(holder)).status).toBe('succeeded');
      expect((await world.finish(newer)).status).toBe('succeeded');
    });
  });

  describe('canceling', () => {
    test('a queued deployment ends it at once and leaves the others their places', async () => {
      await releases(2);
      await world.succeed('dev1', 1);
      const holder = await world.deploy('dev1', 2);
      const destruction = await world.deploy('dev1', 1, { operation: 'destroy' });
      const redeploy = await world.deploy('dev1', 1);
      expect((await world.cancel(destruction)).status).toBe('canceled');
      expect(await world.queueOf('dev1')).toEqual([redeploy]);
      expect(await world.holderOf('dev1')).toBe(holder);
      expect(world.events.names()).toContain('DeploymentCanceled');
    });

    test('a planning one takes effect as soon as its build is over, without a gate or an apply', async () => {
      await releases(1, 'dev1');
      const id = await world.deploy('stage1', 1);
      await world.workflow.step(id);
      await world.cancel(id, { principal: 'arn:alice', approver: ALICE });
      expect((await world.finish(id)).status).toBe('canceled');
      expect(await world.deployment(id)).toMatchObject({ error: { message: `canceled by ${ALICE}` } });
      expect(await world.gate(id, 'staff')).toBeUndefined();
      expect(await world.holderOf('stage1')).toBeUndefined();
    });

    test('an awaiting one closes its gate and resumes it', async () => {
      await releases(1, 'dev1');
      const id = await world.deploy('stage1', 1);
      await world.workflow.run(id);
      await world.cancel(id);
      await world.workflow.run(id);
      expect(await world.statusOf(id)).toBe('canceled');
      expect((await world.gate(id, 'staff'))?.status).toBe('canceled');
    });

    test('while the gate is being asked for closes it as it opens', async () => {
      await releases(1, 'dev1');
      const id = await world.deploy('stage1', 1);
      await world.workflow.runTo(id, 'RequestStaffApproval');
      await world.cancel(id);
      await world.workflow.run(id);
      expect(await world.statusOf(id)).toBe('canceled');
      expect(world.mail.sent).toEqual([]);
    });

    test('again is the same, and makes up for a resumption that was lost', async () => {
      await releases(1, 'dev1');
      const id = await world.deploy('stage1', 1);
      await world.workflow.run(id);
      world.workflow.isUnreachable = true;
      await expect(world.cancel(id)).rejects.toThrow('crash');
      world.workflow.isUnreachable = false;
      await world.cancel(id, { principal: 'somebody else' });
      await world.workflow.run(id);
      expect(await world.deployment(id)).toMatchObject({
        status: 'canceled',
        cancelRequestedBy: { principal: expect.stringContaining('Pipeline') },
      });
      expect((await world.story(id)).filter((type) => type === 'cancel-requested')).toHaveLength(1);
    });

    test.each([
      ['rejected', (id: string) => world.decide(id, ALICE, 'reject')],
      ['superseded', () => world.deploy('stage1', 2)],
      ['expired', async () => world.surroundings.advance(8 * 24 * 3600)],
    ] as const)('fails when the gate is %s already, though the workflow has not gone on', async (status, close) => {
      await releases(2, 'dev1');
      const id = await world.deploy('stage1', 1);
      await world.workflow.run(id);
      await close(id);
      if (status === 'expired') {
        await world.workflow.step(id);
        await world.workflow.step(id);
      }
      await expect(world.cancel(id)).rejects.toMatchObject({ refusal: 'not-cancelable' });
      await world.workflow.run(id);
      expect(await world.statusOf(id)).toBe(status);
    });

    test.each(['applying', 'succeeded', 'failed'] as const)('fails when it is %s', async (status) => {
      await releases(1);
      if (status === 'failed') world.builds.terraform = () => ({ plan: 'fails', apply: 'fails' });
      const id = await world.deploy('dev1', 1);
      while ((await world.statusOf(id)) !== status) await world.workflow.step(id);
      await expect(world.cancel(id)).rejects.toMatchObject({ refusal: 'not-cancelable' });
    });

    test('fails for a deployment that does not exist', async () => {
      await expect(world.cancel('my-app-dev1-9-abcdef')).rejects.toMatchObject({ name: 'NotFoundError' });
    });
  });

  test('a hold and a release at the same time lose neither', async () => {
    await releases(1);
    const id = await world.deploy('dev1', 1);
    const where = { application: 'my-app', environment: 'dev1' };
    await Promise.all([
      adjustEnvironment(world, where, { hold: true, reason: 'storm' }, { principal: 'x' }),
      world.finish(id),
    ]);
    expect(await world.state('dev1')).toMatchObject({ hold: { reason: 'storm' }, holder: null });
  });

  test('a queue without a holder does not let a newcomer pass', () => {
    const waiting = { deploymentId: 'my-app-dev1-1-abc123', release: 1, operation: 'rollback' as const };
    const entry = { deploymentId: 'my-app-dev1-2-abc123', release: 2, operation: 'deploy' as const };
    const { verdict, state } = admit(anEnvironmentState({ queue: [waiting] }), entry, NOW);
    expect(verdict).toBe('waits');
    expect(releaseHolder(state, NOW).next).toEqual(waiting);
  });
});
