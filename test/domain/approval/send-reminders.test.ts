import { beforeEach, describe, expect, test } from '@jest/globals';
import { dueReminder, type ReminderTimes, sendReminders } from '../../../lambdas/domain/approval/send-reminders.ts';
import { anApprover } from '../../harness/builders.ts';
import { ALICE, BOB, CAROL, World } from '../../harness/world.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const TIMES: ReminderTimes = { firstReminderSeconds: DAY, lastReminderSeconds: DAY };

describe('a reminder of an open gate', () => {
  const opened = Date.parse('2026-11-23T10:00:00.000Z');
  const at = (seconds: number) => new Date(opened + seconds * 1000).toISOString();
  test.each([
    ['of a week is due first after a day', 7 * DAY, DAY, 'first'],
    ['of a week is not due before', 7 * DAY, DAY - 1, undefined],
    ['of a week is due last a day before it expires', 7 * DAY, 6 * DAY, 'last'],
    ['of a week is the first until then', 7 * DAY, 6 * DAY - 1, 'first'],
    ['of a week is not due when it has expired', 7 * DAY, 7 * DAY, undefined],
    ['of two days is due last when a quarter is left', 2 * DAY, 1.5 * DAY, 'last'],
    ['of a day has no first', DAY, 18 * HOUR - 1, undefined],
    ['of an hour is due a quarter of an hour before', HOUR, 45 * 60, 'last'],
    ['of an hour is not due at once', HOUR, 0, undefined],
    ['of sixty days is due last a day before it expires', 60 * DAY, 59 * DAY, 'last'],
  ] as const)('%s', (_, life, age, expected) => {
    expect(dueReminder({ openedAt: at(0), expiresAt: at(life) }, TIMES, at(age))).toBe(expected);
  });
});

describe('reminders', () => {
  let world: World;
  /** A deployment in prod1 that waits at its staff gate for two people. */
  let id: string;
  const requestedBy = { principal: 'arn:aws:iam::1:user/zoe', approver: 'zoe@staff.example' };
  beforeEach(async () => {
    world = await World.open({ policy: { production: { staff: 2 } } });
    await world.bring(await world.release(), 'stage1');
    await world.approver({ email: 'zoe@staff.example' });
    id = await world.deploy('prod1', 1, { requestedBy });
    await world.workflow.run(id);
    world.mail.sent.length = 0;
  });
  const remind = () => sendReminders({ ...world, reminderTimes: TIMES, mail: world.mail });
  const recipients = () => world.mail.sent.map(({ to }) => to).sort();
  const wait = (seconds: number) => world.surroundings.advance(seconds);

  test('go to whoever has not decided, with the link they have, once', async () => {
    const token = await world.links.sign({
      deploymentId: id,
      gate: 'staff',
      round: 1,
      email: BOB,
      sequence: 1,
      digest: (await world.gate(id, 'staff'))?.digest ?? '',
    });
    await world.decide(id, ALICE);
    await remind();
    expect(recipients()).toEqual([]);
    wait(DAY);
    expect((await remind()).reminded).toEqual([{ deploymentId: id, gate: 'staff', email: BOB, kind: 'first' }]);
    expect(world.mail.sent).toMatchObject([
      {
        to: BOB,
        subject: expect.stringMatching(/^Reminder: approve my-app prod1/),
        body: expect.stringContaining(token),
      },
    ]);
    wait(HOUR);
    await remind();
    expect(recipients()).toEqual([BOB]);
  });

  test('come once more before the gate expires, and never after', async () => {
    wait(DAY);
    await remind();
    wait(5 * DAY);
    await remind();
    await remind();
    expect(recipients()).toEqual([ALICE, ALICE, BOB, BOB]);
    expect(world.mail.sent.at(-1)?.body).toContain('the time to decide ends soon');
    wait(DAY);
    await remind();
    expect(recipients()).toHaveLength(4);
  });

  test('do not go to whoever asked for it and cannot approve it', async () => {
    wait(DAY);
    await remind();
    expect(recipients()).not.toContain('zoe@staff.example');
  });

  test('do not go to approvers of another gate, or who lost the subscription, or were removed', async () => {
    world.mail.lose(ALICE);
    await world.store.transact(async (transaction) => {
      await transaction.get('approver', { application: 'my-app', email: BOB });
      transaction.delete('approver', { application: 'my-app', email: BOB });
    });
    wait(DAY);
    await remind();
    expect(recipients()).toEqual([]);
  });

  test('of many runs at the same time go out once', async () => {
    wait(DAY);
    await Promise.all(Array.from({ length: 8 }, remind));
    expect(recipients()).toEqual([ALICE, BOB]);
  });

  test('that SNS did not take are sent by the next run, and the others now', async () => {
    wait(DAY);
    world.mail.takes = (email) => email !== ALICE;
    expect(await remind()).toMatchObject({ reminded: [{ email: BOB }], failures: [expect.any(Error)] });
    world.mail.takes = () => true;
    expect(await remind()).toMatchObject({ reminded: [{ email: ALICE }], failures: [] });
    expect(recipients()).toEqual([ALICE, BOB]);
  });

  test('of a gate that was missed for long are one, not two', async () => {
    wait(6.5 * DAY);
    await remind();
    await remind();
    expect(recipients()).toEqual([ALICE, BOB]);
    expect(world.mail.sent[0]?.body).toContain('the time to decide ends soon');
  });

  test('of the next gate count from when that was opened', async () => {
    wait(2 * DAY);
    for (const email of [ALICE, BOB]) await world.decide(id, email);
    await world.workflow.run(id);
    world.mail.sent.length = 0;
    await remind();
    expect(recipients()).toEqual([]);
    wait(DAY);
    await remind();
    expect(recipients()).toEqual([CAROL, 'dave@client.example']);
  });

  test('of one gate that cannot be looked after do not keep others from theirs', async () => {
    await world.write('approver', anApprover({ email: 'first@staff.example' }));
    world.mail.click('first@staff.example');
    world.mail.takes = (email) => email !== ALICE && email !== 'first@staff.example';
    wait(DAY);
    const { failures } = await remind();
    expect(failures).toHaveLength(2);
    expect(recipients()).toEqual([BOB]);
  });
});
