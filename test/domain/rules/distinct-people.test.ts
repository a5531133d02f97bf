import { beforeEach, describe, expect, test } from '@jest/globals';
import { decideAsCaller, decideGate } from '../../../lambdas/domain/approval/decide-gate.ts';
import { requesterOf } from '../../../lambdas/domain/approver/requester.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { anApprover } from '../../harness/builders.ts';
import { ALICE, BOB, CAROL, DAVE, World } from '../../harness/world.ts';

const ALICE_ARN = 'arn:aws:sts::111111111111:assumed-role/Staff/alice';

describe('rule 10: every decision is one person’s, recorded and never changed', () => {
  let world: World;
  const asking = async (requestedBy?: { principal: string; approver?: string }, policy = {}) => {
    world = await World.open({ policy });
    await world.bring(await world.release(), 'stage1');
    const id = await world.deploy('prod1', 1, requestedBy && { requestedBy });
    await world.workflow.run(id);
    return id;
  };

  test('who asked for a production deployment cannot give its staff approval, but may reject it', async () => {
    const id = await asking({ principal: ALICE_ARN, approver: ALICE });
    await expect(world.decide(id, ALICE)).rejects.toMatchObject({ refusal: 'own-request' });
    expect((await world.gate(id, 'staff'))?.decisions).toEqual([]);
    expect((await world.decide(id, ALICE, 'reject')).status).toBe('rejected');
  });

  test('somebody else gives it', async () => {
    const id = await asking({ principal: ALICE_ARN, approver: ALICE });
    await world.decide(id, BOB);
    await world.workflow.run(id);
    expect(world.workflow.stateOf(id)).toBe('AwaitClientApproval');
    expect((await world.gate(id, 'client'))?.status).toBe('open');
  });

  test.each([
    [
      'was registered as an approver only after asking',
      { principal: ALICE_ARN },
      ['arn:aws:sts::*:assumed-role/Staff/*'],
    ],
    [
      'asked under an address that was replaced since',
      { principal: ALICE_ARN, approver: 'old@staff.example' },
      [ALICE_ARN],
    ],
  ])('who %s cannot give the staff approval either', async (_, requestedBy, principals) => {
    const id = await asking(requestedBy);
    await world.write('approver', anApprover({ email: ALICE, principals }));
    await expect(world.decide(id, ALICE)).rejects.toMatchObject({ refusal: 'own-request' });
    expect((await world.decide(id, BOB)).status).toBe('approved');
  });

  test('a pattern that fits another approver’s request makes it nobody’s own', async () => {
    const id = await asking({ principal: 'arn:aws:sts::111111111111:assumed-role/Staff/bob', approver: BOB });
    await world.write('approver', anApprover({ email: ALICE, principals: ['arn:aws:sts::*:assumed-role/Staff/*'] }));
    expect((await world.decide(id, ALICE)).status).toBe('approved');
  });

  test('in staging the requester may approve', async () => {
    world = await World.open();
    await world.succeed('dev1', await world.release());
    const id = await world.deploy('stage1', 1, { requestedBy: { principal: ALICE_ARN, approver: ALICE } });
    await world.workflow.run(id);
    expect((await world.decide(id, ALICE)).status).toBe('approved');
  });

  test('a requester of the client gate may be its approver, another person has judged as staff', async () => {
    const id = await asking({ principal: 'arn:aws:iam::1:user/carol', approver: CAROL });
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect((await world.decide(id, CAROL)).status).toBe('approved');
  });

  test('two approvals of one person are one', async () => {
    const id = await asking(undefined, { production: { staff: 2 } });
    const first = await world.decide(id, ALICE);
    expect(await world.decide(id, ALICE)).toEqual(first);
    expect(first.status).toBe('open');
    expect((await world.decide(id, BOB)).status).toBe('approved');
  });

  test('one person cannot approve two gates, whatever they are registered for now', async () => {
    const id = await asking();
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await world.write('approver', anApprover({ email: ALICE, gates: ['client'] }));
    const digest = (await world.gate(id, 'client'))?.digest ?? '';
    const decision = {
      deploymentId: id,
      gate: 'client',
      email: ALICE,
      decision: 'approve',
      digest,
      via: 'api',
    } as const;
    await expect(decideGate(world, decision)).rejects.toMatchObject({ refusal: 'one-person-one-gate' });
    expect((await world.gate(id, 'client'))?.status).toBe('open');
  });

  test.each([
    ['a client approver at the staff gate', CAROL, 'staff'],
    ['a stranger', 'mallory@evil.example', 'staff'],
  ] as const)('fails for %s', async (_, email, gate) => {
    const id = await asking();
    const digest = (await world.gate(id, 'staff'))?.digest ?? '';
    const decision = { deploymentId: id, gate, email, decision: 'approve', digest, via: 'link' } as const;
    await expect(decideGate(world, decision)).rejects.toMatchObject({ refusal: 'not-an-approver' });
  });

  test('fails for an approver who was removed after the mail went out', async () => {
    const id = await asking();
    await world.store.transact(async (transaction) => {
      await transaction.get('approver', { application: 'my-app', email: ALICE });
      transaction.delete('approver', { application: 'my-app', email: ALICE });
    });
    await expect(world.decide(id, ALICE)).rejects.toMatchObject({ refusal: 'not-an-approver' });
  });

  test('fails for an approver of another application', async () => {
    const id = await asking();
    await world.write('approver', anApprover({ application: 'other-app', email: 'olga@staff.example' }));
    const digest = (await world.gate(id, 'staff'))?.digest ?? '';
    const decision = { deploymentId: id, gate: 'staff', decision: 'approve', digest, via: 'link' } as const;
    await expect(decideGate(world, { ...decision, email: 'olga@staff.example' })).rejects.toMatchObject({
      refusal: 'not-an-approver',
    });
  });

  test('a decision says who, when, how, for what digest and why, in the gate and in the story', async () => {
    const id = await asking();
    const digest = (await world.gate(id, 'staff'))?.digest ?? '';
    world.surroundings.advance(90);
    await decideGate(world, {
      deploymentId: id,
      gate: 'staff',
      email: ALICE,
      decision: 'reject',
      digest,
      via: 'api',
      principal: ALICE_ARN,
      comment: 'not on a Friday',
    });
    const expected = { decision: 'reject', by: ALICE, via: 'api', principal: ALICE_ARN, comment: 'not on a Friday' };
    expect((await world.gate(id, 'staff'))?.decisions).toEqual([{ ...expected, digest, at: world.surroundings.now() }]);
    const { items } = await world.store.list(LISTINGS.events(id));
    expect(items.find(({ type }) => type === 'rejected')).toMatchObject({
      by: ALICE,
      details: { gate: 'staff', digest, via: 'api', comment: 'not on a Friday', principal: ALICE_ARN },
    });
    await world.workflow.run(id);
    expect(await world.deployment(id)).toMatchObject({
      status: 'rejected',
      error: { message: `rejected by ${ALICE} at the staff gate: not on a Friday` },
    });
  });

  test('a repeated decision changes nothing and is told once', async () => {
    const id = await asking();
    const first = await world.decide(id, ALICE);
    world.surroundings.advance(60);
    expect(await world.decide(id, ALICE)).toEqual(first);
    expect((await world.story(id)).filter((type) => type === 'approved')).toHaveLength(1);
  });

  test('repeated by two clicks at the same time it is recorded once', async () => {
    const id = await asking();
    const both = await Promise.all([world.decide(id, ALICE), world.decide(id, ALICE)]);
    expect(both[0]).toEqual(both[1]);
    expect((await world.gate(id, 'staff'))?.decisions).toHaveLength(1);
  });

  test('fails to change a decision', async () => {
    const id = await asking(undefined, { production: { staff: 2 } });
    await world.decide(id, ALICE);
    await expect(world.decide(id, ALICE, 'reject')).rejects.toMatchObject({ refusal: 'already-decided' });
  });

  test('two people deciding at the same time both count', async () => {
    const id = await asking(undefined, { production: { staff: 2, client: 2 } });
    await Promise.all([world.decide(id, ALICE), world.decide(id, BOB)]);
    expect((await world.gate(id, 'staff'))?.status).toBe('approved');
    await world.workflow.run(id);
    await Promise.all([world.decide(id, CAROL), world.decide(id, DAVE)]);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('succeeded');
  });

  describe('a crash between the decision and the resumption', () => {
    let id: string;
    beforeEach(async () => {
      id = await asking();
      world.workflow.isUnreachable = true;
      await expect(world.decide(id, ALICE)).rejects.toThrow('crash');
      world.workflow.isUnreachable = false;
      await world.workflow.run(id);
      expect(world.workflow.stateOf(id)).toBe('AwaitStaffApproval');
      expect((await world.gate(id, 'staff'))?.status).toBe('approved');
    });
    const isGoingOn = async () => (await world.gate(id, 'client'))?.status === 'open';

    test('heals when the decision is repeated', async () => {
      await world.decide(id, ALICE);
      await world.workflow.run(id);
      expect(await isGoingOn()).toBe(true);
    });

    test('heals when the reconciler comes by', async () => {
      world.surroundings.advance(60);
      const [repair] = await world.reconcile();
      expect(repair).toMatchObject({ deploymentId: id, action: 'resumed' });
      await world.workflow.run(id);
      expect(await isGoingOn()).toBe(true);
    });
  });

  describe('an API caller', () => {
    const decideAs = async (principal: string, deploymentId: string) => {
      const digest = (await world.gate(deploymentId, 'staff'))?.digest ?? '';
      return decideAsCaller(world, { deploymentId, gate: 'staff', principal, decision: 'approve', digest });
    };
    beforeEach(async () => {
      world = await World.open();
      await world.write(
        'approver',
        anApprover({ email: ALICE, principals: ['arn:aws:sts::111111111111:assumed-role/Staff/*'] }),
      );
    });

    test.each([
      ['by pattern', ALICE_ARN, ALICE],
      ['by address', BOB, BOB],
    ])('counts as the registered approver it maps to: %s', async (_, principal, email) => {
      expect(await requesterOf(world.store, 'my-app', principal)).toEqual({ principal, approver: email });
      await world.succeed('dev1', await world.release());
      const id = await world.deploy('stage1', 1);
      await world.workflow.run(id);
      const { decisions } = await decideAs(principal, id);
      expect(decisions).toMatchObject([{ by: email, via: 'api', principal }]);
    });

    test('counts as whoever names it most exactly, and not as the holder of a pattern around it', async () => {
      await world.write('approver', anApprover({ email: 'zoe@staff.example', principals: [ALICE_ARN] }));
      await world.write(
        'approver',
        anApprover({ email: BOB, principals: ['arn:aws:sts::111111111111:assumed-role/*'] }),
      );
      const who = async (principal: string) => (await requesterOf(world.store, 'my-app', principal)).approver;
      expect(await who(ALICE_ARN)).toBe('zoe@staff.example');
      expect(await who('arn:aws:sts::111111111111:assumed-role/Staff/eve')).toBe(ALICE);
      expect(await who('arn:aws:sts::111111111111:assumed-role/Other/eve')).toBe(BOB);
    });

    test.each(['staff', 'client'] as const)(
      'fills one seat, whoever it maps to later: another one at the %s gate is refused',
      async (gate) => {
        world = await World.open({ policy: { staging: { staff: 2, client: 1 } } });
        await world.write('approver', anApprover({ email: ALICE, principals: [ALICE_ARN] }));
        await world.succeed('dev1', await world.release());
        const id = await world.deploy('stage1', 1);
        await world.workflow.run(id);
        await decideAs(ALICE_ARN, id);
        if (gate === 'client') {
          await world.decide(id, BOB);
          await world.workflow.run(id);
        }
        await world.write('approver', anApprover({ email: ALICE, principals: [] }));
        await world.write(
          'approver',
          anApprover({ email: 'zoe@staff.example', gates: [gate], principals: [ALICE_ARN] }),
        );
        const digest = (await world.gate(id, gate))?.digest ?? '';
        const decision = { deploymentId: id, gate, principal: ALICE_ARN, decision: 'approve', digest } as const;
        await expect(decideAsCaller(world, decision)).rejects.toMatchObject({ refusal: 'one-session-one-seat' });
        expect((await world.gate(id, gate))?.status).toBe('open');
      },
    );

    test('who maps to nobody cannot decide, but may ask, and is recorded as that', async () => {
      const principal = 'arn:aws:sts::111111111111:assumed-role/Pipeline/run';
      const requestedBy = await requesterOf(world.store, 'my-app', principal);
      expect(requestedBy).toEqual({ principal });
      await world.succeed('dev1', await world.release());
      const id = await world.deploy('stage1', 1, { requestedBy });
      await world.workflow.run(id);
      await expect(decideAs(principal, id)).rejects.toMatchObject({ refusal: 'not-an-approver' });
      expect((await world.gate(id, 'staff'))?.decisions).toEqual([]);
      expect(await world.deployment(id)).toMatchObject({ requestedBy: { principal } });
    });

    test('who maps to nobody is refused where the policy demands a known requester', async () => {
      const strict = await World.open({ policy: { development: { knownRequester: true } } });
      await strict.release();
      await expect(strict.deploy('dev1', 1)).rejects.toMatchObject({ refusal: 'requester-unknown' });
      await strict.deploy('dev1', 1, { requestedBy: { principal: ALICE_ARN, approver: ALICE } });
    });

    test('a push needs no known requester', async () => {
      const strict = await World.open({ policy: { development: { knownRequester: true } } });
      await strict.push();
      expect(await strict.history('dev1')).toHaveLength(1);
    });
  });
});
