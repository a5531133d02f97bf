import { beforeEach, describe, expect, test } from '@jest/globals';
import { awaitApproval } from '../../../lambdas/domain/approval/await-approval.ts';
import { requestApproval } from '../../../lambdas/domain/approval/request-approval.ts';
import { settleGate } from '../../../lambdas/domain/approval/settle-gate.ts';
import { plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import { anApprover, OTHER_DIGEST } from '../../harness/builders.ts';
import { ALICE, BOB, CAROL, World } from '../../harness/world.ts';

const WEEK = 7 * 24 * 3600;

describe('rule 3: approvals count only while the gate is open, and only for the digest shown', () => {
  let world: World;
  /** A deployment in stage1, before its staff gate is opened. */
  let id: string;
  beforeEach(async () => {
    world = await World.open();
    await world.succeed('dev1', await world.release());
    id = await world.deploy('stage1', 1);
    await world.workflow.runTo(id, 'RequestStaffApproval');
  });
  const open = async () => {
    await world.workflow.run(id);
    expect(world.workflow.stateOf(id)).toBe('AwaitStaffApproval');
  };

  test('fails before the gate is open, even for the right digest', async () => {
    const digest = plannedOf(await world.deployment(id))?.digest;
    await expect(world.decide(id, ALICE, 'approve', digest)).rejects.toMatchObject({ refusal: 'gate-not-open' });
    await open();
    expect((await world.gate(id, 'staff'))?.decisions).toEqual([]);
  });

  test('counts while the gate is open', async () => {
    await open();
    expect((await world.decide(id, ALICE)).status).toBe('approved');
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  test.each([
    ['approved', 'approve'],
    ['rejected', 'reject'],
  ] as const)('fails after the gate was %s', async (_, decision) => {
    await open();
    await world.decide(id, ALICE, decision);
    await expect(world.decide(id, BOB)).rejects.toMatchObject({ refusal: 'gate-not-open' });
    expect((await world.gate(id, 'staff'))?.decisions).toHaveLength(1);
  });

  test('fails for another digest than the gate’s', async () => {
    await open();
    await expect(world.decide(id, ALICE, 'approve', OTHER_DIGEST)).rejects.toMatchObject({ refusal: 'digest-differs' });
    await expect(world.decide(id, ALICE, 'reject', OTHER_DIGEST)).rejects.toMatchObject({ refusal: 'digest-differs' });
    expect((await world.gate(id, 'staff'))?.status).toBe('open');
  });

  test('fails for a deployment or a gate that does not exist', async () => {
    await expect(world.decide('my-app-dev1-77-abcdef', ALICE)).rejects.toMatchObject({ name: 'NotFoundError' });
    await open();
    await expect(world.decide(id, CAROL)).rejects.toMatchObject({ refusal: 'gate-not-open' });
  });

  test('counts in the last millisecond, and fails at the moment the gate expires', async () => {
    await open();
    world.surroundings.advance(WEEK - 0.001);
    expect((await settleGate(world, id, 'staff')).outcome).toBe('open');
    world.surroundings.advance(0.001);
    await expect(world.decide(id, ALICE)).rejects.toMatchObject({ refusal: 'gate-expired' });
    expect((await world.gate(id, 'staff'))?.status).toBe('open');
  });

  test('nobody deciding in time ends it expired', async () => {
    await open();
    world.surroundings.advance(WEEK + 60);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('expired');
    expect((await world.gate(id, 'staff'))?.status).toBe('expired');
    await expect(world.decide(id, ALICE)).rejects.toMatchObject({ refusal: 'gate-not-open' });
    expect(await world.holderOf('stage1')).toBeUndefined();
  });

  test('of a decision and the clock at the same time, one wins', async () => {
    await open();
    world.surroundings.advance(WEEK - 0.001);
    const decision = world.decide(id, ALICE);
    world.surroundings.advance(0.001);
    const [decided, settled] = await Promise.allSettled([decision, settleGate(world, id, 'staff')]);
    const status = (await world.gate(id, 'staff'))?.status;
    expect(status).toBe(decided.status === 'fulfilled' ? 'approved' : 'expired');
    expect(settled).toMatchObject({ status: 'fulfilled' });
  });

  test('of approval and rejection at the same time, one wins and the other is refused', async () => {
    await open();
    const both = await Promise.allSettled([world.decide(id, ALICE, 'approve'), world.decide(id, BOB, 'reject')]);
    const statuses = both.map(({ status }) => status).sort();
    expect(statuses).toEqual(['fulfilled', 'rejected']);
    expect((await world.gate(id, 'staff'))?.decisions).toHaveLength(1);
  });

  test('of approval and cancellation at the same time, a cancellation that is accepted is what happens', async () => {
    await open();
    const [, canceled] = await Promise.allSettled([world.decide(id, ALICE), world.cancel(id)]);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe(canceled.status === 'fulfilled' ? 'canceled' : 'succeeded');
  });

  test('who resumes the waiting task without a decision has approved nothing', async () => {
    await open();
    const token = (await world.store.get('taskToken', { deploymentId: id, gate: 'staff' }))?.token ?? '';
    expect(await world.workflow.resume(token)).toBe('resumed');
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('awaiting_approval');
    expect(world.workflow.stateOf(id)).toBe('AwaitStaffApproval');
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  test('a decision made between the request and the wait is seen when the wait begins', async () => {
    await world.workflow.step(id);
    expect(world.workflow.stateOf(id)).toBe('AwaitStaffApproval');
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  test('a task that waits again is resumed by its newest token', async () => {
    await open();
    world.workflow.goBackTo(id, 'AwaitStaffApproval');
    await open();
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  test('a task that was tried again is resumed, though its tokens were stored in the wrong order', async () => {
    await open();
    await awaitApproval(world, id, 'staff', 'token-of-the-first-try');
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  test('waiting at a gate that was never opened resumes at once, and settling it fails', async () => {
    await awaitApproval(world, id, 'client', 'a-token');
    await expect(settleGate(world, id, 'client')).rejects.toMatchObject({ name: 'NotHolderError' });
  });

  describe('asking', () => {
    test('mails every approver of the gate a link of their own, and nobody else', async () => {
      await open();
      expect(world.mail.sent.map(({ to }) => to).sort()).toEqual([ALICE, BOB]);
      const links = await Promise.all(
        [ALICE, BOB].map((email) => world.links.verify(world.mail.linkTo(email)?.split('/').at(-1) ?? '')),
      );
      expect(links).toMatchObject([
        { deploymentId: id, gate: 'staff', email: ALICE, round: 1 },
        { deploymentId: id, gate: 'staff', email: BOB, round: 1 },
      ]);
    });

    test('again mails the same links for the same gate and moves no clock', async () => {
      await open();
      const before = await world.gate(id, 'staff');
      const first = world.mail.linkTo(ALICE);
      world.surroundings.advance(100);
      const { timeoutSeconds } = await requestApproval(world, id, 'staff');
      expect(world.mail.linkTo(ALICE)).toBe(first);
      expect(await world.gate(id, 'staff')).toEqual(before);
      expect(timeoutSeconds).toBe(WEEK - 100 + 60);
    });

    test('again after the decision mails nobody', async () => {
      await open();
      await world.decide(id, ALICE);
      const { length } = world.mail.sent;
      await requestApproval(world, id, 'staff');
      expect(world.mail.sent).toHaveLength(length);
    });

    test('mails nobody whose subscription is not confirmed; with a principal they decide all the same', async () => {
      const erin = 'erin@staff.example';
      await world.write('approver', anApprover({ email: erin, principals: ['arn:aws:iam::1:user/erin'] }));
      await open();
      expect(world.mail.sent.map(({ to }) => to)).not.toContain(erin);
      expect((await world.decide(id, erin)).status).toBe('approved');
    });

    test.each([
      ['nobody is registered', []],
      ['nobody has confirmed', [ALICE]],
    ])('ends blocked when %s', async (_, registered) => {
      const lonely = await World.open();
      for (const email of [ALICE, BOB]) {
        const arn = (await lonely.mail.subscriptions()).get(email)?.arn ?? '';
        await lonely.mail.unsubscribe(arn);
        await lonely.store.transact(async (transaction) => {
          const key = { application: 'my-app', email };
          await transaction.get('approver', key);
          if (!registered.includes(email)) transaction.delete('approver', key);
        });
      }
      await lonely.succeed('dev1', await lonely.release());
      const waiting = await lonely.deploy('stage1', 1);
      await lonely.workflow.run(waiting);
      expect(await lonely.statusOf(waiting)).toBe('blocked');
      expect(await lonely.reasonOf(waiting)).toBe('approvers-unreachable');
      expect(await lonely.gate(waiting, 'staff')).toBeUndefined();
      expect(await lonely.holderOf('stage1')).toBeUndefined();
    });

    test('ends blocked at a later gate too, at once and naming whom it cannot reach', async () => {
      const lonely = await World.open();
      await lonely.bring(await lonely.release(), 'stage1');
      const waiting = await lonely.deploy('prod1', 1);
      await lonely.workflow.run(waiting);
      for (const email of [CAROL, 'dave@client.example']) lonely.mail.lose(email);
      const sent = lonely.mail.sent.length;
      await lonely.decide(waiting, ALICE);
      await lonely.workflow.run(waiting);
      expect(await lonely.deployment(waiting)).toMatchObject({
        status: 'blocked',
        error: { reason: 'approvers-unreachable', message: expect.stringContaining(`${CAROL}, dave@client.example`) },
      });
      expect(await lonely.gate(waiting, 'client')).toBeUndefined();
      expect(lonely.mail.sent).toHaveLength(sent);
      expect(await lonely.holderOf('prod1')).toBeUndefined();
    });

    test('goes on at a later gate where one who gets no mail decides by the API', async () => {
      const mapped = await World.open();
      await mapped.bring(await mapped.release(), 'stage1');
      const waiting = await mapped.deploy('prod1', 1);
      for (const email of [CAROL, 'dave@client.example']) mapped.mail.lose(email);
      const principals = ['arn:aws:sts::111111111111:assumed-role/Clients/carol'];
      await mapped.write('approver', anApprover({ email: CAROL, gates: ['client'], principals }));
      expect((await mapped.finish(waiting)).status).toBe('succeeded');
    });

    test('ends blocked when only the person who asked could give the staff approval of a production deployment', async () => {
      const small = await World.open();
      await small.bring(await small.release(), 'stage1');
      await small.store.transact(async (transaction) => {
        await transaction.get('approver', { application: 'my-app', email: BOB });
        transaction.delete('approver', { application: 'my-app', email: BOB });
      });
      const requestedBy = { principal: 'arn:aws:iam::1:user/alice', approver: ALICE };
      const waiting = await small.deploy('prod1', 1, { requestedBy });
      await small.workflow.run(waiting);
      expect(await small.statusOf(waiting)).toBe('blocked');
      expect(await small.reasonOf(waiting)).toBe('approvers-unreachable');
    });

    test('fails for a deployment that has ended, and for a gate it does not have', async () => {
      await expect(requestApproval(world, id, 'client')).rejects.toThrow('has no client gate');
      await open();
      await world.decide(id, ALICE, 'reject');
      await world.workflow.run(id);
      await expect(requestApproval(world, id, 'staff')).rejects.toMatchObject({ name: 'NotHolderError' });
      await expect(requestApproval(world, 'my-app-dev1-9-abcdef', 'staff')).rejects.toMatchObject({
        name: 'NotHolderError',
      });
    });
  });
});
