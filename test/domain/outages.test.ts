import { beforeEach, describe, expect, test } from '@jest/globals';
import { awaitApproval } from '../../lambdas/domain/approval/await-approval.ts';
import { RoleRefusedError, ServiceUnavailableError } from '../../lambdas/domain/errors.ts';
import { ALICE, BOB, World } from '../harness/world.ts';

/** Deployments while a service does not work for some time, which the workflow bridges by trying again. */

const DAY = 24 * 3600;

let world: World;
let id: string;
beforeEach(async () => {
  world = await World.open({ policy: { development: { staff: 1 } } });
  id = await world.deploy('dev1', await world.release());
});

/** Makes a method fail for a number of calls, for ever by default. `failed` is called each time. */
function breaks(
  service: object,
  name: string,
  { times = Infinity, error = new ServiceUnavailableError('it is down') as Error, failed = async () => {} } = {},
): void {
  const method: (...given: unknown[]) => Promise<unknown> = Reflect.get(service, name).bind(service);
  let calls = 0;
  Reflect.set(service, name, async (...given: unknown[]) => {
    calls += 1;
    if (calls > times) return method(...given);
    await failed();
    throw error;
  });
}

const mailsTo = () => world.mail.sent.map(({ to }) => to).sort();

describe('a gate whose approvers cannot be told at once', () => {
  test.each([
    ['its event', () => breaks(world.events, 'publish', { times: 15 })],
    ['a mail', () => breaks(world.mail, 'send', { times: 15 })],
    ['a link', () => breaks(world.links, 'sign', { times: 15 })],
  ])('because %s fails for minutes: everybody gets one mail', async (_, fail) => {
    fail();
    await world.workflow.run(id);
    expect(mailsTo()).toEqual([ALICE, BOB]);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  test('because the second of two mails fails: the first is not sent again', async () => {
    const send = world.mail.send.bind(world.mail);
    let refusals = 0;
    world.mail.send = async (to, message) => {
      const isFirst = mailsTo().length === 0;
      if (!isFirst) refusals += 1;
      if (isFirst || refusals > 5) return send(to, message);
      throw new ServiceUnavailableError('SNS is down');
    };
    await world.workflow.run(id);
    expect(mailsTo()).toEqual([ALICE, BOB]);
  });

  test('until it has expired: nobody is asked any more', async () => {
    const failed = async () => world.surroundings.advance(8 * DAY);
    breaks(world.mail, 'send', { times: 1, failed });
    await world.workflow.run(id);
    world.surroundings.advance(DAY);
    await world.workflow.run(id);
    expect([await world.statusOf(id), mailsTo()]).toEqual(['expired', []]);
  });

  test('until it is canceled: nobody is asked any more', async () => {
    const failed = async () => void (await world.cancel(id));
    breaks(world.mail, 'send', { times: 1, failed });
    await world.workflow.run(id);
    expect([await world.statusOf(id), mailsTo()]).toEqual(['canceled', []]);
  });
});

describe('a task that waits for a decision', () => {
  test('and stored a late token of an earlier attempt is resumed all the same', async () => {
    await world.workflow.run(id);
    for (let attempt = 0; attempt < 20; attempt++) await awaitApproval(world, id, 'staff', `late-token-${attempt}`);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });
});

describe('a deployment ends', () => {
  const errorOf = async () => {
    const deployment = await world.deployment(id);
    return 'error' in deployment ? deployment.error : undefined;
  };

  test('as failed when an outage is longer than the patience of the workflow, and says so', async () => {
    breaks(world.states, 'head', {
      error: new ServiceUnavailableError('S3 could not be reached or was too busy: head failed with SlowDown'),
    });
    await world.finish(id);
    expect(await errorOf()).toEqual({
      state: 'CheckPlan',
      reason: 'service-unavailable',
      message: 'S3 could not be reached or was too busy: head failed with SlowDown, and did so for 15 minutes',
    });
    expect(await world.holderOf('dev1')).toBeUndefined();
  });

  test('as failed at once when a role of the environment is refused', async () => {
    let calls = 0;
    const failed = async () => {
      calls += 1;
    };
    breaks(world.states, 'head', { error: new RoleRefusedError('the role x is missing'), failed });
    await world.finish(id);
    expect(await errorOf()).toMatchObject({ reason: 'role-not-assumable', message: 'the role x is missing' });
    expect(calls).toBe(1);
  });

  test('as a success, after which an event that could not be published for minutes comes all the same', async () => {
    await world.workflow.run(id);
    breaks(world.events, 'publish', { times: 15 });
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect([await world.statusOf(id), world.events.names().at(-1)]).toEqual(['succeeded', 'DeploymentSucceeded']);
  });
});
