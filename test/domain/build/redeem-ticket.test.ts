import { beforeEach, describe, expect, test } from '@jest/globals';
import { redeemTicket } from '../../../lambdas/domain/build/redeem-ticket.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { findEnvironment } from '../../../lambdas/domain/transaction/find.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { DnsWorld } from '../../harness/dns-world.ts';
import { World } from '../../harness/world.ts';

const REFUSED = { name: 'RefusedError', refusal: 'credentials-refused' };
const ROLE = { plan: 'stagegate-plan-build', apply: 'stagegate-apply-build' } as const;

/** Returns a build as IAM knows it. Each build has a session of its own. */
const buildOf = (role: string, session = 'AWSCodeBuild-1', account = '000000000000') => ({
  userArn: `arn:aws:sts::${account}:assumed-role/${role}/${session}`,
  userId: `AROA${role}:${session}`,
});

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.release();
});

/** Lets the deployment go on until it has such a build running. Returns ticket and id of the build. */
async function untilBuild(id: string, purpose: 'plan' | 'apply'): Promise<{ ticket: string; buildId: string }> {
  for (let steps = 0; steps < 50; steps++) {
    const buildId = [...world.builds.running].find((build) => build.startsWith(`stagegate-${purpose}:${id}`));
    if (buildId) return { ticket: world.builds.tickets.get(buildId) ?? '', buildId };
    await world.workflow.step(id);
  }
  throw new Error(`${id} comes to no build to ${purpose}`);
}

const redeem = (caller: ReturnType<typeof buildOf>, shown: { ticket: string; buildId: string }) =>
  redeemTicket(world, caller, shown);

const audit = () => listAll(world.store, LISTINGS.audit('my-app', 'ascending'));
const refusals = async () =>
  (await audit()).filter(({ type }) => type === 'credentials-refused').map(({ by, details }) => [by, details?.reason]);

describe('a build gets credentials of its own environment', () => {
  test('to plan, while its deployment plans; its session bears the name of the deployment', async () => {
    const id = await world.deploy('dev1', 1);
    const shown = await untilBuild(id, 'plan');
    const credentials = await redeem(buildOf(ROLE.plan), shown);
    expect(credentials).toMatchObject({ accessKeyId: 'ASIA1', expiration: '2026-11-23T11:00:00.000Z' });
    const { externalId } = await findEnvironment(world.store, 'my-app', 'dev1');
    const roleArn = 'arn:aws:iam::111111111111:role/stagegate-my-app-dev1-plan';
    expect(world.environmentRoles.given).toEqual([{ roleArn, externalId, sessionName: id }]);
    expect(await refusals()).toEqual([]);
  });

  test('to apply, while the plan that was used up is applied', async () => {
    const id = await world.deploy('dev1', 1);
    const shown = await untilBuild(id, 'apply');
    await redeem(buildOf(ROLE.apply), shown);
    expect(world.environmentRoles.given.map(({ roleArn }) => roleArn)).toEqual([
      'arn:aws:iam::111111111111:role/stagegate-my-app-dev1-apply',
    ]);
  });

  test('again, as often as it asks, and when an answer was lost', async () => {
    const shown = await untilBuild(await world.deploy('dev1', 1), 'plan');
    for (let times = 0; times < 3; times++) await redeem(buildOf(ROLE.plan), shown);
    expect(world.environmentRoles.given).toHaveLength(3);
  });

  test('under the names that the environment has set, and in its partition', async () => {
    const region = 'us-gov-west-1';
    await world.change('dev1', { region, roles: { plan: 'arn:aws-us-gov:iam::111111111111:role/p' } });
    const id = await world.deploy('dev1', 1);
    await redeem(buildOf(ROLE.plan), await untilBuild(id, 'plan'));
    await redeem(buildOf(ROLE.apply), await untilBuild(id, 'apply'));
    expect(world.environmentRoles.given.map(({ roleArn }) => roleArn)).toEqual([
      'arn:aws-us-gov:iam::111111111111:role/p',
      'arn:aws-us-gov:iam::111111111111:role/stagegate-my-app-dev1-apply',
    ]);
  });

  test('not where the role is missing or does not trust the broker; it is told which', async () => {
    const roleArn = 'arn:aws:iam::111111111111:role/stagegate-my-app-dev1-plan';
    world.environmentRoles.refusing.add(roleArn);
    const shown = await untilBuild(await world.deploy('dev1', 1), 'plan');
    await expect(redeem(buildOf(ROLE.plan), shown)).rejects.toMatchObject({
      refusal: 'role-not-assumable',
      message: expect.stringContaining(roleArn),
    });
  });
});

describe('a ticket is worth nothing', () => {
  test.each([
    ['a role of people', buildOf('Admins', 'ada'), 'the caller is no plan build'],
    ['an apply build', buildOf(ROLE.apply), 'the caller is no plan build'],
    ['a role that is called almost so', buildOf('stagegate-plan-builder'), 'the caller is no plan build'],
    ['the same name in another account', buildOf(ROLE.plan, 'x', '111111111111'), 'the caller is no plan build'],
    ['a user', { userArn: 'arn:aws:iam::000000000000:user/stagegate-plan-build', userId: 'AIDA' }, 'the caller is no'],
    ['a build of another project', buildOf('stagegate-plan-build.codecommit'), 'for a build of another project'],
  ])('in the hands of %s', async (_, caller, reason) => {
    const shown = await untilBuild(await world.deploy('dev1', 1), 'plan');
    await expect(redeem(caller, shown)).rejects.toMatchObject({ ...REFUSED, message: expect.stringContaining(reason) });
    expect(world.environmentRoles.given).toEqual([]);
    expect(await refusals()).toEqual([[caller.userArn, expect.stringContaining(reason)]]);
    // The build itself still gets its credentials.
    await redeem(buildOf(ROLE.plan), shown);
  });

  test('in another session than the first; tried again and again it is in the audit once', async () => {
    const shown = await untilBuild(await world.deploy('dev1', 1), 'plan');
    await redeem(buildOf(ROLE.plan), shown);
    const thief = buildOf(ROLE.plan, 'AWSCodeBuild-2');
    for (let times = 0; times < 3; times++) await expect(redeem(thief, shown)).rejects.toMatchObject(REFUSED);
    expect(world.environmentRoles.given).toHaveLength(1);
    expect(await refusals()).toEqual([[thief.userArn, 'the ticket was redeemed by another build']]);
    expect((await audit()).at(-1)).toMatchObject({ environment: 'dev1', via: 'api', principal: thief.userArn });
  });

  test('of two sessions at once, to the one that lost', async () => {
    const shown = await untilBuild(await world.deploy('dev1', 1), 'plan');
    const sessions = ['AWSCodeBuild-1', 'AWSCodeBuild-2'].map((session) => buildOf(ROLE.plan, session));
    const answers = await Promise.allSettled(sessions.map((session) => redeem(session, shown)));
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('with another secret, round or deployment', async () => {
    const id = await world.deploy('dev1', 1);
    const { ticket, buildId } = await untilBuild(id, 'plan');
    for (const forged of [
      `${ticket.slice(0, -1)}${ticket.endsWith('0') ? '1' : '0'}`,
      ticket.replace('.plan.1.', '.plan.2.'),
      ticket.replace(id, 'my-app-dev1-9-abcdef'),
    ])
      await expect(redeem(buildOf(ROLE.plan), { ticket: forged, buildId })).rejects.toMatchObject({
        ...REFUSED,
        message: expect.stringContaining('there is no such ticket'),
      });
    expect(world.environmentRoles.given).toEqual([]);
  });

  test('to plan, once the deployment is further on; also for its own build', async () => {
    const id = await world.deploy('dev1', 1);
    const shown = await untilBuild(id, 'plan');
    await redeem(buildOf(ROLE.plan), shown);
    await untilBuild(id, 'apply');
    await expect(redeem(buildOf(ROLE.plan), shown)).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringContaining('is applying'),
    });
  });

  test('of a round that is over', async () => {
    await world.succeed('dev1', 1);
    const id = await world.deploy('stage1', 1);
    const shown = await untilBuild(id, 'plan');
    await world.workflow.run(id);
    await world.store.transact(async (transaction) => {
      const deployment = await transaction.get('deployment', { id });
      if (deployment?.status === 'awaiting_approval')
        transaction.put('deployment', { ...deployment, status: 'planning', round: 2 } as never);
    });
    await expect(redeem(buildOf(ROLE.plan), shown)).rejects.toMatchObject(REFUSED);
  });

  test('to plan, when the deployment was ended by hand, though its build runs', async () => {
    const id = await world.deploy('dev1', 1);
    const shown = await untilBuild(id, 'plan');
    await redeem(buildOf(ROLE.plan), shown);
    await world.changeState('dev1', { holder: null });
    await expect(redeem(buildOf(ROLE.plan), shown)).rejects.toMatchObject(REFUSED);
  });
});

describe('a Terraform that applies keeps its credentials when its deployment was ended by hand', () => {
  const ended = async (isRedeemed: boolean) => {
    const id = await world.deploy('dev1', 1);
    const shown = await untilBuild(id, 'apply');
    if (isRedeemed) await redeem(buildOf(ROLE.apply), shown);
    await world.changeState('dev1', { holder: null });
    return shown;
  };

  test('as long as its build runs', async () => {
    const shown = await ended(true);
    await redeem(buildOf(ROLE.apply), shown);
    expect(world.environmentRoles.given).toHaveLength(2);
    world.builds.endAll();
    await expect(redeem(buildOf(ROLE.apply), shown)).rejects.toMatchObject(REFUSED);
  });

  test('but nothing begins then', async () => {
    await expect(redeem(buildOf(ROLE.apply), await ended(false))).rejects.toMatchObject(REFUSED);
  });

  test('but no other session gets them, nor one that names another build', async () => {
    const shown = await ended(true);
    await expect(redeem(buildOf(ROLE.apply, 'AWSCodeBuild-2'), shown)).rejects.toMatchObject(REFUSED);
    const other = { ...shown, buildId: 'stagegate-apply:00000000-0000-4000-8000-000000000000' };
    await expect(redeem(buildOf(ROLE.apply), other)).rejects.toMatchObject(REFUSED);
  });
});

describe('time and accidents', () => {
  const HOUR = 3600;

  test('a build that was queued for an hour gets its credentials, and an apply of hours gets them again', async () => {
    const id = await world.deploy('dev1', 1);
    const planning = await untilBuild(id, 'plan');
    world.surroundings.advance(HOUR);
    await redeem(buildOf(ROLE.plan), planning);
    const applying = await untilBuild(id, 'apply');
    for (let hours = 0; hours < 5; hours++) {
      world.surroundings.advance(HOUR);
      await redeem(buildOf(ROLE.apply), applying);
    }
    expect(world.environmentRoles.given).toHaveLength(6);
  });

  test('StopExecution: its build keeps what it has until the deployment is ended, an apply also after that', async () => {
    const id = await world.deploy('dev1', 1);
    const planning = await untilBuild(id, 'plan');
    await redeem(buildOf(ROLE.plan), planning);
    await world.workflow.abort(id);
    await redeem(buildOf(ROLE.plan), planning);
    world.builds.endAll();
    await world.reconcile();
    expect(await world.statusOf(id)).toBe('failed');
    await expect(redeem(buildOf(ROLE.plan), planning)).rejects.toMatchObject(REFUSED);
  });

  test('a redrive starts another build with the same ticket: another session, and nothing is given', async () => {
    const id = await world.deploy('dev1', 1);
    const applying = await untilBuild(id, 'apply');
    await redeem(buildOf(ROLE.apply), applying);
    await world.workflow.abort(id);
    const redriven = { ...applying, buildId: 'stagegate-apply:00000000-0000-4000-8000-000000000000' };
    await expect(redeem(buildOf(ROLE.apply, 'AWSCodeBuild-2'), redriven)).rejects.toMatchObject(REFUSED);
  });

  test('a broker that fails half way has given the ticket to nobody else: the build asks again', async () => {
    const shown = await untilBuild(await world.deploy('dev1', 1), 'plan');
    const sts = { assume: () => Promise.reject(new Error('STS is away')) };
    await expect(redeemTicket({ ...world, environmentRoles: sts } as never, buildOf(ROLE.plan), shown)).rejects.toThrow(
      'STS is away',
    );
    await expect(redeem(buildOf(ROLE.plan, 'AWSCodeBuild-2'), shown)).rejects.toMatchObject(REFUSED);
    await redeem(buildOf(ROLE.plan), shown);
  });
});

test('a certificate that is waited for for 72 hours makes no ticket old: it is made after the wait', async () => {
  const dns = await DnsWorld.openWithDns();
  const id = await dns.deploy('dev1', 1);
  await dns.workflow.runTo(id, 'EnsureCertificate');
  await dns.workflow.step(id);
  dns.surroundings.advance(72 * 3600);
  expect(await dns.store.get('buildTicket', { deploymentId: id, purpose: 'plan', round: 1 })).toBeUndefined();
});
