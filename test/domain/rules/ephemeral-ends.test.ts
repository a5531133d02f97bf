import { beforeEach, describe, expect, test } from '@jest/globals';
import { removeApplication } from '../../../lambdas/domain/application/remove-application.ts';
import { adjustEphemeral } from '../../../lambdas/domain/ephemeral/adjust-ephemeral.ts';
import { deleteEphemeral } from '../../../lambdas/domain/ephemeral/delete-ephemeral.ts';
import { viewEphemeral } from '../../../lambdas/domain/ephemeral/ephemeral-view.ts';
import { endWithBranch, followPush } from '../../../lambdas/domain/ephemeral/follow-branch.ts';
import { redeployEphemeral } from '../../../lambdas/domain/ephemeral/redeploy-ephemeral.ts';
import { sweepEnvironment } from '../../../lambdas/domain/ephemeral/sweep-environment.ts';
import { isTerminal } from '../../../lambdas/domain/model/deployment.ts';
import { anApplication, aPush, commitOf } from '../../harness/builders.ts';
import { ALICE, BOB, TOOLING, World } from '../../harness/world.ts';
import { change, planOf } from '../plan/plan-documents.ts';

const HOUR = 3600;
const REPOSITORY = 'https://git.example/acme/config.git';
const REPOSITORY_NAME = 'git.example/acme/config';
let world: World;
beforeEach(async () => {
  world = await World.open();
});

const remove = (name = 'pr-1') => deleteEphemeral(world, 'my-app', name, TOOLING);
const phase = async (name = 'pr-1') => (await world.ephemeralNow(name)).life.phase;
const status = async (name = 'pr-1') => (await viewEphemeral(world, await world.ephemeralNow(name))).status;
const attempts = async () => {
  const { life } = await world.ephemeralNow('pr-1');
  return life.phase === 'closing' ? life.attempts : undefined;
};
const address = () => world.store.get('stateAddress', { application: 'my-app', environment: 'pr-1' });
const destroysFail = () => {
  world.builds.terraform = ({ operation }) => ({
    plan: 'changes',
    apply: operation === 'destroy' ? 'fails' : 'succeeds',
  });
};
const nothingFails = () => {
  world.builds.terraform = () => ({ plan: 'changes', apply: 'succeeds' });
};

describe('an ephemeral environment is destroyed', () => {
  test('on request, and closed when its state is empty', async () => {
    await world.runningEphemeral('pr-1');
    await remove();
    expect([await phase(), await world.liveEphemerals()]).toEqual(['closing', ['my-app/pr-1']]);
    expect(await world.finishIn('pr-1')).toMatchObject({
      operation: 'destroy',
      status: 'succeeded',
      planned: { gates: [] },
    });
    expect([await phase(), await status(), await world.liveEphemerals()]).toEqual(['closed', 'closed', []]);
    expect([await address(), await world.store.get('outputs', { application: 'my-app', environment: 'pr-1' })]).toEqual(
      [...[undefined, undefined]],
    );
    expect(world.scheduler.wakeUps.size).toBe(0);
  });

  test('when its time is over, woken by its schedule', async () => {
    await world.runningEphemeral('pr-1', { ttlHours: 2 });
    const [wakeUp] = [...world.scheduler.wakeUps.values()];
    if (!wakeUp) throw new Error('there is no schedule');
    world.surroundings.advance(2 * HOUR - 1);
    expect(await sweepEnvironment(world, wakeUp)).toMatchObject([{ action: 'warned' }]);
    expect(await phase()).toBe('open');
    world.surroundings.advance(1);
    expect(await sweepEnvironment(world, wakeUp)).toMatchObject([{ action: 'closing' }]);
    // The schedule is delivered at least once, so possibly again.
    expect(await sweepEnvironment(world, wakeUp)).toEqual([]);
    await world.finishIn('pr-1');
    expect(await world.ephemeralNow('pr-1')).toMatchObject({ life: { phase: 'closed', cause: 'expired' } });
    expect(await sweepEnvironment(world, wakeUp)).toEqual([]);
  });

  test('when its time is over and the schedule is lost, by the next sweep', async () => {
    await world.runningEphemeral('pr-1', { ttlHours: 1 });
    world.scheduler.wakeUps.clear();
    world.surroundings.advance(HOUR);
    expect(await world.sweep()).toEqual(['pr-1 closing']);
    await world.finishIn('pr-1');
    expect([await phase(), await world.sweep()]).toEqual(['closed', []]);
  });

  test.each(['branch-deleted', 'pull-request-closed'] as const)('when its branch is gone (%s), once', async (cause) => {
    await followPush(world, aPush({ branch: 'feature/x' }));
    await world.runningEphemeral('pr-1', { ref: 'feature/x' });
    await world.runningEphemeral('pr-2', { ref: 'feature/other' });
    await world.runningEphemeral('pr-3');
    const gone = { eventId: 'd1', repository: REPOSITORY, branch: 'feature/x' };
    await endWithBranch(world, gone, cause);
    expect([await phase('pr-1'), await phase('pr-2'), await phase('pr-3')]).toEqual(['closing', 'open', 'open']);
    await world.finishIn('pr-1');
    expect(await world.ephemeralNow('pr-1')).toMatchObject({ life: { phase: 'closed', cause } });
    // Reported again, the end of the branch does not end an environment that was made since.
    await followPush(world, aPush({ eventId: 'again', branch: 'feature/x' }));
    await world.runningEphemeral('pr-1', { ref: 'feature/x' });
    await endWithBranch(world, gone, cause);
    expect(await phase('pr-1')).toBe('open');
    await endWithBranch(world, { ...gone, eventId: 'd2' }, cause);
    expect(await phase('pr-1')).toBe('closing');
  });

  test('with the configuration that was applied last, not with one that came later and failed', async () => {
    await world.runningEphemeral('pr-1', { commit: commitOf(1) });
    world.builds.terraform = ({ operation }) => ({
      plan: operation === 'deploy' ? 'fails' : 'changes',
      apply: 'succeeds',
    });
    await redeployEphemeral(world, { application: 'my-app', environment: 'pr-1' }, commitOf(2), TOOLING);
    await world.finishIn('pr-1');
    await remove();
    expect(await world.finishIn('pr-1')).toMatchObject({
      operation: 'destroy',
      commit: commitOf(1),
      status: 'succeeded',
    });
  });

  test('at once, without a build, where nothing was ever planned', async () => {
    await world.ephemeral('pr-1', { ref: 'nowhere/yet' });
    await remove();
    expect([await phase(), await world.history('pr-1')]).toEqual(['closed', []]);
  });

  test('at once where its only plan failed before it knew a state', async () => {
    world.builds.terraform = () => ({ plan: 'fails', apply: 'succeeds' });
    await world.runningEphemeral('pr-1');
    await remove();
    expect(await phase()).toBe('closed');
  });

  test('after a look into the state where a first plan was made and never applied', async () => {
    await world.write('application', anApplication({ policy: { ephemeral: { staff: 1 } } }));
    await world.ephemeral('pr-1');
    const id = (await world.holderOf('pr-1')) ?? '';
    await world.workflow.run(id);
    await remove();
    expect(await world.finishIn('pr-1')).toMatchObject({ operation: 'destroy', status: 'succeeded' });
    expect([await world.statusOf(id), await phase()]).toEqual(['canceled', 'closed']);
  });
});

describe('while it is being destroyed', () => {
  test('nothing more is deployed, and what waits is canceled', async () => {
    await world.runningEphemeral('pr-1', { ref: 'feature/x', follow: true });
    await followPush(world, aPush({ branch: 'feature/x', before: commitOf(1), after: commitOf(2) }));
    const running = (await world.holderOf('pr-1')) ?? '';
    await followPush(world, aPush({ eventId: 'e2', branch: 'feature/x', before: commitOf(2), after: commitOf(3) }));
    const [waiting] = await world.queueOf('pr-1');
    await remove();
    expect(await world.statusOf(waiting ?? '')).toBe('canceled');
    await followPush(world, aPush({ eventId: 'e3', branch: 'feature/x', before: commitOf(3), after: commitOf(4) }));
    const redeploy = redeployEphemeral(world, { application: 'my-app', environment: 'pr-1' }, undefined, TOOLING);
    await expect(redeploy).rejects.toMatchObject({ refusal: 'environment-closing' });
    await expect(adjustEphemeral(world, 'my-app', 'pr-1', { ttlHours: 5 }, TOOLING)).rejects.toMatchObject({
      refusal: 'environment-closing',
    });
    await world.finishIn('pr-1');
    expect([await world.statusOf(running), await phase()]).toEqual(['canceled', 'closed']);
    expect(world.builds.resourcesIn((await world.history('pr-1'))[0] as never)).toBe(0);
  });

  test('an apply that has begun comes to its end first', async () => {
    await world.ephemeral('pr-1');
    const id = (await world.holderOf('pr-1')) ?? '';
    while ((await world.statusOf(id)) !== 'applying') await world.workflow.step(id);
    await remove();
    await world.finishIn('pr-1');
    expect([await world.statusOf(id), await phase()]).toEqual(['succeeded', 'closed']);
  });

  test('a deployment that was planned before the request is not applied after it', async () => {
    await world.ephemeral('pr-1');
    const id = (await world.holderOf('pr-1')) ?? '';
    await world.workflow.runTo(id, 'ConsumePlan');
    await remove();
    await world.finishIn('pr-1');
    expect(world.builds.applied).toEqual([]);
    expect([await world.statusOf(id), await phase()]).toEqual(['canceled', 'closed']);
  });

  test('its application cannot be removed', async () => {
    await world.runningEphemeral('pr-1');
    await remove();
    await expect(removeApplication(world, 'my-app', 'admin')).rejects.toMatchObject({ refusal: 'something-deployed' });
    await world.finishIn('pr-1');
    await removeApplication(world, 'my-app', 'admin');
    expect(await world.store.get('environment', { application: 'my-app', name: 'pr-1' })).toBeUndefined();
    expect(await world.store.get('externalId', { application: 'my-app', environment: 'pr-1' })).toBeUndefined();
  });

  test('what a removal of its application left behind is forgotten when that is repeated', async () => {
    await world.runningEphemeral('pr-1');
    await remove();
    await world.finishIn('pr-1');
    const environment = await world.ephemeralNow('pr-1');
    const where = { application: 'my-app', environment: 'pr-1' };
    const leftBehind = async () => [
      await world.store.get('environment', { application: 'my-app', name: 'pr-1' }),
      await world.store.get('externalId', where),
    ];
    await removeApplication(world, 'my-app', 'admin');
    await world.write('environment', environment);
    await world.write('externalId', { ...where, externalId: environment.externalId });
    await removeApplication(world, 'my-app', 'admin');
    expect(await leftBehind()).toEqual([undefined, undefined]);
    await expect(removeApplication(world, 'my-app', 'admin')).rejects.toMatchObject({ name: 'NotFoundError' });
  });

  test.each(['request and expiry', 'request and extension', 'expiry and a push'])(
    'a race of %s has one winner',
    async (race) => {
      await world.runningEphemeral('pr-1', { ttlHours: 1, ref: 'feature/x', follow: true });
      await followPush(world, aPush({ branch: 'feature/x' }));
      await world.finishIn('pr-1');
      world.surroundings.advance(HOUR);
      const [one, other] = {
        'request and expiry': [() => remove(), () => world.sweep()],
        'request and extension': [
          () => remove(),
          () => adjustEphemeral(world, 'my-app', 'pr-1', { ttlHours: 9 }, TOOLING),
        ],
        'expiry and a push': [
          () => world.sweep(),
          () =>
            followPush(world, aPush({ eventId: 'e9', branch: 'feature/x', before: commitOf(1), after: commitOf(9) })),
        ],
      }[race] as [() => Promise<unknown>, () => Promise<unknown>];
      await Promise.allSettled([one(), other()]);
      const open = (await world.history('pr-1')).filter((each) => !isTerminal(each.status));
      expect(open.filter(({ operation }) => operation === 'destroy').length).toBeLessThanOrEqual(1);
      await world.finishIn('pr-1');
      expect(await phase()).toBe('closed');
    },
  );
});

describe('a destruction that fails', () => {
  beforeEach(async () => {
    await world.runningEphemeral('pr-1');
    destroysFail();
    await remove();
    await world.finishIn('pr-1');
  });

  test('stays visible, and is tried again with longer and longer pauses, until it succeeds', async () => {
    const pauses: number[] = [];
    for (let failed = 1; failed <= 3; failed++) {
      expect([await phase(), await status(), await attempts()]).toEqual(['closing', 'closing', failed]);
      let waited = 0;
      while ((await world.sweep()).length === 0) {
        world.surroundings.advance(10);
        waited += 10;
      }
      pauses.push(waited);
      await world.finishIn('pr-1');
    }
    expect(pauses).toEqual([60, 120, 240]);
    nothingFails();
    world.surroundings.advance(480);
    expect(await world.sweep()).toEqual(['pr-1 destroying']);
    await world.finishIn('pr-1');
    expect([await phase(), await world.liveEphemerals()]).toEqual(['closed', []]);
  });

  test('is given up after six attempts: visible, told to the bus and to staff, and not tried by itself', async () => {
    for (let attempt = 2; attempt <= 6; attempt++) {
      world.surroundings.advance(HOUR);
      expect(await world.sweep()).toEqual(['pr-1 destroying']);
      await world.finishIn('pr-1');
    }
    world.surroundings.advance(HOUR);
    expect(await world.sweep()).toEqual(['pr-1 stuck']);
    expect([await phase(), await status(), await world.liveEphemerals()]).toEqual([
      'closing',
      'stuck',
      ['my-app/pr-1'],
    ]);
    expect(world.events.published.at(-1)).toMatchObject({
      name: 'EnvironmentStuck',
      detail: { application: 'my-app', environment: 'pr-1' },
    });
    expect(
      world.mail.sent.filter(({ subject }) => subject === 'my-app pr-1 could not be destroyed').map(({ to }) => to),
    ).toEqual([ALICE, BOB]);
    world.surroundings.advance(30 * 24 * HOUR);
    expect(await world.sweep()).toEqual([]);

    nothingFails();
    await remove();
    expect([await status(), await attempts()]).toEqual(['planning', 1]);
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closed');
  });

  test('is tried at once when somebody asks again', async () => {
    nothingFails();
    await remove();
    await remove();
    expect((await world.history('pr-1')).filter(({ operation }) => operation === 'destroy')).toHaveLength(2);
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closed');
  });

  test('keeps its name, its address and its place among the limits', async () => {
    await expect(world.ephemeral('pr-1')).rejects.toMatchObject({ refusal: 'environment-exists' });
    expect(await address()).toBeDefined();
    expect(await world.liveEphemerals()).toEqual(['my-app/pr-1']);
  });
});

describe('an environment is closed only when its state is empty', () => {
  test('not when the destruction left something', async () => {
    await world.runningEphemeral('pr-1');
    await remove();
    const [destruction] = await world.history('pr-1');
    if (!destruction) throw new Error('there is no destruction');
    await world.workflow.runTo(destruction.id, 'RecordOutputs');
    const { runObjectKey } = await import('../../../lambdas/domain/contract/run-objects.ts');
    const { runPrefix } = await import('../../../lambdas/domain/build/run-prefix.ts');
    const key = runObjectKey(runPrefix(destruction), 'applyResult');
    await world.artifacts.putJson(key, { ok: true, applied: 'yes', resources: 1, resourcesLeft: 1 });
    world.builds.contents.set('ephemeral/my-app/pr-1/terraform.tfstate', 1);
    await world.finishIn('pr-1');
    expect([await world.statusOf(destruction.id), await phase()]).toEqual(['succeeded', 'closing']);
    world.surroundings.advance(60);
    expect(await world.sweep()).toEqual(['pr-1 destroying']);
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closed');
  });

  test('not when nobody could see what it left, until another has looked', async () => {
    await world.runningEphemeral('pr-1');
    await remove();
    const [destruction] = await world.history('pr-1');
    if (!destruction) throw new Error('there is no destruction');
    await world.workflow.runTo(destruction.id, 'RecordOutputs');
    world.states.unreadable = 'AccessDenied';
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closing');
    world.states.unreadable = undefined;
    world.surroundings.advance(60);
    await world.sweep();
    expect(await world.finishIn('pr-1')).toMatchObject({ status: 'succeeded', planned: { hasChanges: false } });
    expect(await phase()).toBe('closed');
  });
});

describe('warnings', () => {
  const warnings = () => world.mail.sent.map(({ to, subject }) => `${to}: ${subject}`);

  test('are mailed to staff 24 hours, 2 hours and 30 minutes before the end, each once', async () => {
    await world.runningEphemeral('pr-1');
    const told: Record<string, number> = {};
    for (let minute = 0; minute < 72 * 60; minute += 10) {
      const before = world.mail.sent.length;
      if ((await phase()) === 'open') await world.sweep();
      if (world.mail.sent.length > before) told[world.mail.sent.at(-1)?.subject ?? ''] = 72 * 60 - minute;
      world.surroundings.advance(600);
    }
    expect(told).toEqual({
      'my-app pr-1 will be destroyed within 24 hours': 24 * 60,
      'my-app pr-1 will be destroyed within 2 hours': 2 * 60,
      'my-app pr-1 will be destroyed within 30 minutes': 30,
    });
    expect(world.mail.sent.map(({ to }) => to)).toEqual([ALICE, BOB, ALICE, BOB, ALICE, BOB]);
    expect(world.mail.sent[0]?.body).toContain(
      'PATCH /applications/my-app/ephemeral-environments/pr-1 { "ttlHours": 24 }',
    );
  });

  test('that are longer than the whole life are not given', async () => {
    await world.runningEphemeral('pr-1', { ttlHours: 1.5 });
    await world.sweep();
    expect(warnings()).toEqual([]);
    world.surroundings.advance(HOUR);
    await world.sweep();
    expect(warnings()).toHaveLength(2);
  });

  test('that were missed are one: the nearest to the end', async () => {
    await world.runningEphemeral('pr-1');
    world.surroundings.advance(71 * HOUR);
    await world.sweep();
    await world.sweep();
    expect(warnings()).toEqual([
      `${ALICE}: my-app pr-1 will be destroyed within 2 hours`,
      `${BOB}: my-app pr-1 will be destroyed within 2 hours`,
    ]);
  });

  test('are given again after an extension, which counts from when it is made', async () => {
    await world.runningEphemeral('pr-1');
    world.surroundings.advance(71 * HOUR);
    await world.sweep();
    const extended = await adjustEphemeral(world, 'my-app', 'pr-1', { ttlHours: 3 }, TOOLING);
    expect(extended.expiresAt).toBe('2026-11-26T12:00:00.000Z');
    expect([...world.scheduler.wakeUps.values()][0]).toMatchObject({ at: extended.expiresAt });
    world.surroundings.advance(HOUR);
    expect(await world.sweep()).toEqual(['pr-1 warned']);
    world.surroundings.advance(HOUR);
    expect(await world.sweep()).toEqual([]);
    world.surroundings.advance(HOUR);
    expect(await world.sweep()).toEqual(['pr-1 closing']);
  });

  test('reach whoever made it, if that is an approver, and nobody who left', async () => {
    await world.ephemeral('pr-1', { ttlHours: 2 }, { principal: 'x', approver: 'carol@client.example' });
    await world.finishIn('pr-1');
    await world.mail.unsubscribe('arn:aws:sns:eu-west-1:111111111111:stagegate-approvals:bob@staff.example');
    world.surroundings.advance(1.6 * HOUR);
    await world.sweep();
    expect(world.mail.sent.map(({ to }) => to)).toEqual([ALICE, 'carol@client.example']);
  });
});

describe('the sweeper', () => {
  test('deploys what a lost push would have', async () => {
    await world.ephemeral('pr-1', { ref: 'feature/x' });
    await world.write('branchHead', { repository: REPOSITORY_NAME, branch: 'feature/x', head: commitOf(3), past: [] });
    expect(await world.sweep()).toEqual(['pr-1 deploying']);
    expect(await world.sweep()).toEqual([]);
    await world.finishIn('pr-1');
    expect((await world.state('pr-1')).deployed).toMatchObject({ commit: commitOf(3) });
  });

  test('ends nothing by its time while applies are banned, and does so afterwards', async () => {
    await world.runningEphemeral('pr-1', { ttlHours: 1 });
    world.surroundings.advance(HOUR);
    world.applies = 'banned';
    expect([await world.sweep(), await phase()]).toEqual([[], 'open']);
    world.applies = 'allowed';
    expect([await world.sweep(), await phase()]).toEqual([['pr-1 closing'], 'closing']);
  });

  test('does for the others what it cannot do for one', async () => {
    await world.runningEphemeral('pr-1', { ttlHours: 1 });
    await world.runningEphemeral('pr-2', { ttlHours: 1 });
    const good = await world.ephemeralNow('pr-1');
    await world.write('environment', { ...good, application: 'gone' });
    const register = await world.store.get('ephemeralRegister', {});
    await world.write('ephemeralRegister', {
      live: [{ application: 'my-app', environment: 'never' }, ...(register?.live ?? [])],
    });
    world.surroundings.advance(HOUR);
    expect(await world.sweep()).toEqual(['never forgotten', 'pr-1 closing', 'pr-2 closing']);
    expect(await world.liveEphemerals()).toEqual(['my-app/pr-1', 'my-app/pr-2']);
  });

  test('finds the destruction that a crash prevented from being started', async () => {
    await world.runningEphemeral('pr-1');
    world.workflow.isUnreachable = true;
    await expect(remove()).rejects.toThrow('a crash');
    world.workflow.isUnreachable = false;
    world.surroundings.advance(120);
    expect(await world.reconcile()).toMatchObject([{ action: 'started' }]);
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closed');
  });
});

describe('an ephemeral environment that could never end', () => {
  const database = { type: 'terraform_data', name: 'db', actions: ['create'], after: {} };
  const undestroyed = [
    {
      address: 'terraform_data.db',
      setting: 'prevent_destroy',
      file: 'apps/web/dev1/main.tf',
      line: 8,
      isLiteral: true,
    },
  ];
  const protectedPlan = (identities: object = { modules: [], undestroyed }) => {
    world.builds.terraform = () => ({
      plan: 'changes',
      printed: planOf({ resource_changes: [change(database)] }),
      identities,
      apply: 'succeeds',
    });
  };
  const BLOCKED = {
    status: 'blocked',
    error: {
      reason: 'could-never-end',
      message: expect.stringMatching(/^terraform_data\.db: has prevent_destroy = true \(apps\/web\/dev1\/main\.tf:8\)/),
    },
  };

  test('creates nothing, and is told why at its first plan', async () => {
    protectedPlan();
    await world.ephemeral('pr-1');
    expect(await world.finishIn('pr-1')).toMatchObject(BLOCKED);
    expect([world.builds.applied, world.builds.contents.size]).toEqual([[], 0]);
    nothingFails();
    await remove();
    await world.finishIn('pr-1');
    expect(await phase()).toBe('closed');
  });

  test('is told the same where the plan is inspected, and where there are too many modules to list', async () => {
    await world.write('application', anApplication({ policy: { ephemeral: { staff: 1 } } }));
    protectedPlan({ tooMany: 6000, undestroyed });
    await world.ephemeral('pr-1');
    expect(await world.finishIn('pr-1')).toMatchObject({ ...BLOCKED, planned: { isInspected: true } });
  });

  test('may be deployed as soon as nothing keeps it from ending', async () => {
    protectedPlan();
    await world.runningEphemeral('pr-1', { commit: commitOf(1) });
    protectedPlan({ modules: [] });
    await redeployEphemeral(world, { application: 'my-app', environment: 'pr-1' }, commitOf(2), TOOLING);
    expect(await world.finishIn('pr-1')).toMatchObject({ status: 'succeeded' });
  });
});
