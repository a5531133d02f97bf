import { beforeEach, describe, expect, test } from '@jest/globals';
import { configureApplication } from '../../../lambdas/domain/application/configure-application.ts';
import { removeApplication } from '../../../lambdas/domain/application/remove-application.ts';
import { decideAsCaller, decideGate } from '../../../lambdas/domain/approval/decide-gate.ts';
import { confirmApprover } from '../../../lambdas/domain/approver/confirm-approver.ts';
import { registerApprover } from '../../../lambdas/domain/approver/register-approver.ts';
import { removeApprover } from '../../../lambdas/domain/approver/remove-approver.ts';
import { adjustEnvironment } from '../../../lambdas/domain/environment/adjust-environment.ts';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import { liftProtection } from '../../../lambdas/domain/environment/lift-protection.ts';
import { type AuditEntry, emptyChain, proveNext } from '../../../lambdas/domain/model/audit.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { anApplication, anEnvironment, OTHER_DIGEST } from '../../harness/builders.ts';
import { ALICE, BOB, CAROL, World } from '../../harness/world.ts';

const ADMIN = 'arn:aws:sts::111111111111:assumed-role/Admins/ada';
const ALICE_ARN = 'arn:aws:sts::111111111111:assumed-role/Staff/alice';
const WHERE = { application: 'my-app', environment: 'prod1' };

describe('rule 10: the audit tells every decision, and nothing in it changes', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });

  const audit = (application = 'my-app') => listAll(world.store, LISTINGS.audit(application, 'ascending'));
  /** Returns the entries that were added since, after it has proven the whole chain. */
  async function added(since: readonly AuditEntry[]): Promise<AuditEntry[]> {
    const entries = await audit();
    let head = emptyChain('my-app');
    for (const entry of entries) {
      const proof = proveNext(head, entry);
      if (!proof.proven) throw new Error(proof.why);
      head = proof.head;
    }
    expect(await world.store.get('auditHead', { application: 'my-app' })).toEqual(
      entries.length > 0 ? head : undefined,
    );
    expect(entries.slice(0, since.length)).toEqual(since);
    return entries.slice(since.length);
  }
  /** Brings a deployment to prod1 to its staff gate, and returns it with its digest. */
  async function waiting(requestedBy = { principal: 'arn:aws:sts::1:assumed-role/Pipeline/run' }, policy = {}) {
    await world.write('application', anApplication({ policy }));
    await world.bring(await world.release(), 'stage1');
    const id = await world.deploy('prod1', 1, { requestedBy });
    await world.workflow.run(id);
    return { id, digest: (await world.gate(id, 'staff'))?.digest ?? '' };
  }

  test('from the request to the apply: who asked, who approved how, and which plan was consumed', async () => {
    const { id, digest } = await waiting();
    const before = await audit();
    expect(before.at(-1)).toMatchObject({
      ...WHERE,
      type: 'requested',
      deploymentId: id,
      by: 'arn:aws:sts::1:assumed-role/Pipeline/run',
      via: 'api',
      details: { release: 1, operation: 'deploy' },
    });
    await decideGate(world, {
      deploymentId: id,
      gate: 'staff',
      email: ALICE,
      decision: 'approve',
      digest,
      via: 'api',
      principal: ALICE_ARN,
      comment: 'looks right',
    });
    await world.workflow.run(id);
    await world.decide(id, CAROL);
    await world.workflow.run(id);
    const at = world.surroundings.now();
    expect(await added(before)).toMatchObject([
      {
        ...WHERE,
        type: 'approved',
        deploymentId: id,
        gate: 'staff',
        digest,
        at,
        by: ALICE,
        via: 'api',
        principal: ALICE_ARN,
        comment: 'looks right',
        details: { gateStatus: 'approved', required: 1 },
      },
      { ...WHERE, type: 'approved', gate: 'client', by: CAROL, via: 'link', digest },
      { ...WHERE, type: 'plan-consumed', by: 'stagegate', via: 'system', digest, details: { release: 1 } },
    ]);
  });

  test('a rejection, and a gate nobody decided', async () => {
    const { id } = await waiting();
    const before = await audit();
    await world.decide(id, ALICE, 'reject');
    await world.workflow.run(id);
    const second = await world.deploy('prod1', 1);
    await world.workflow.run(second);
    world.surroundings.advance(8 * 24 * 3600);
    await world.workflow.run(second);
    expect(await added(before)).toMatchObject([
      { type: 'rejected', by: ALICE, gate: 'staff', deploymentId: id },
      { type: 'requested', deploymentId: second },
      { type: 'gate-expired', by: 'stagegate', via: 'system', gate: 'staff', deploymentId: second },
    ]);
  });

  test('what a push and a promotion rule do by themselves is nobody’s decision', async () => {
    await world.push();
    await world.finish((await world.holderOf('dev1')) ?? '');
    await world.promote((await world.history('dev1'))[0]?.id ?? '');
    expect((await audit()).map(({ type }) => type)).toEqual(['plan-consumed']);
  });

  test('requests to cancel, of what waits for approval and of what is queued, each once', async () => {
    const { id } = await waiting();
    await world.bring(await world.release(), 'stage1');
    const queued = await world.deploy('prod1', 2);
    const by = { principal: ALICE_ARN, approver: ALICE };
    const before = await audit();
    for (const each of [queued, id, id]) await world.cancel(each, by);
    expect(await added(before)).toMatchObject([
      {
        type: 'cancel-requested',
        deploymentId: queued,
        by: ALICE,
        principal: ALICE_ARN,
        details: { status: 'queued' },
      },
      { type: 'cancel-requested', deploymentId: id, by: ALICE, details: { status: 'awaiting_approval' } },
    ]);
  });

  describe('attempts that did not count', () => {
    const attempt = (id: string, digest: string, email: string, more: object = {}) =>
      decideGate(world, {
        deploymentId: id,
        gate: 'staff',
        email,
        decision: 'approve',
        digest,
        via: 'link',
        ...more,
      });

    test.each([
      ['of whoever asked for it', 'own-request', ALICE, {}],
      ['about another plan', 'digest-differs', BOB, { digest: OTHER_DIGEST }],
      ['of an approver of another gate', 'not-an-approver', CAROL, {}],
      ['of somebody who is registered no more', 'not-an-approver', 'gone@staff.example', {}],
      ['at a gate that is not open', 'gate-not-open', CAROL, { gate: 'client' }],
      ['with a link that was replaced', 'link-replaced', BOB, { link: { round: 1, sequence: 7 } }],
    ])('%s: who, what, when and why not', async (_, refusal, email, more) => {
      const { id, digest } = await waiting({ principal: ALICE_ARN, approver: ALICE } as never);
      const before = await audit();
      const gates = [await world.gate(id, 'staff'), await world.gate(id, 'client')];
      await expect(attempt(id, digest, email, { comment: 'now', ...more })).rejects.toMatchObject({ refusal });
      expect([await world.gate(id, 'staff'), await world.gate(id, 'client')]).toEqual(gates);
      expect(await added(before)).toMatchObject([
        {
          ...WHERE,
          type: 'refused',
          deploymentId: id,
          by: email,
          via: 'link',
          comment: 'now',
          details: { refusal, decision: 'approve', message: expect.any(String) },
        },
      ]);
    });

    test('after the gate expired, and after somebody decided otherwise', async () => {
      const { id, digest } = await waiting(undefined, { production: { staff: 2 } });
      await attempt(id, digest, ALICE);
      const before = await audit();
      await expect(attempt(id, digest, ALICE, { decision: 'reject' })).rejects.toMatchObject({
        refusal: 'already-decided',
      });
      world.surroundings.advance(7 * 24 * 3600);
      await expect(attempt(id, digest, BOB)).rejects.toMatchObject({ refusal: 'gate-expired' });
      expect((await added(before)).map(({ by, details }) => [by, details?.refusal])).toEqual([
        [ALICE, 'already-decided'],
        [BOB, 'gate-expired'],
      ]);
    });

    test('of a caller who maps to nobody', async () => {
      const { id, digest } = await waiting();
      const before = await audit();
      const principal = 'arn:aws:sts::111111111111:assumed-role/Tooling/bot';
      const decision = { deploymentId: id, gate: 'staff', decision: 'approve', digest, principal } as const;
      for (let time = 0; time < 3; time++)
        await expect(decideAsCaller(world, decision)).rejects.toMatchObject({ refusal: 'not-an-approver' });
      expect(await added(before)).toMatchObject([{ type: 'refused', by: principal, principal, via: 'api' }]);
    });

    test('are told once, however often and at once they are repeated', async () => {
      const { id, digest } = await waiting();
      const before = await audit();
      const digests = Array.from({ length: 30 }, (_, number) => number.toString(16).padStart(64, '0'));
      await Promise.allSettled(digests.map((other) => attempt(id, other, BOB)));
      for (const other of digests) await attempt(id, other, BOB).catch(() => {});
      await attempt(id, OTHER_DIGEST, BOB, { decision: 'reject' }).catch(() => {});
      expect((await added(before)).map(({ details }) => details?.decision)).toEqual(['approve', 'reject']);
      expect((await attempt(id, digest, BOB)).status).toBe('approved');
    });

    test('at a deployment that does not exist leave nothing', async () => {
      const before = await audit();
      await expect(attempt('my-app-prod1-9-abc123', OTHER_DIGEST, BOB)).rejects.toMatchObject({
        name: 'NotFoundError',
      });
      expect(await added(before)).toEqual([]);
    });
  });

  test('lifts, holds and protections, with their reasons', async () => {
    const by = { principal: ALICE_ARN, approver: ALICE };
    const before = await audit();
    const lift = { address: 'aws_db_instance.main', reason: 'moved to the new cluster' };
    await liftProtection(world, WHERE, lift, by);
    await liftProtection(world, WHERE, lift, by);
    await adjustEnvironment(world, WHERE, { hold: true, reason: 'storm' }, by);
    await adjustEnvironment(world, WHERE, { hold: false }, by);
    const staging = { ...WHERE, environment: 'stage1' };
    await adjustEnvironment(world, staging, { deletionProtection: true }, by);
    await adjustEnvironment(world, staging, { deletionProtection: false, reason: 'no longer used' }, by);
    expect(await added(before)).toMatchObject([
      { type: 'protection-lifted', by: ALICE, comment: lift.reason, details: { address: lift.address } },
      { type: 'held', comment: 'storm', environment: 'prod1' },
      { type: 'hold-lifted' },
      { type: 'protected', environment: 'stage1' },
      { type: 'protection-removed', comment: 'no longer used' },
    ]);
  });

  test('changed settings field by field, and unchanged ones not at all', async () => {
    const { name: _, createdAt: __, updatedAt: ___, ...settings } = anApplication();
    const before = await audit();
    await configureApplication(world, 'my-app', settings, ADMIN);
    await configureApplication(world, 'my-app', { ...settings, policy: { staging: { staff: 2 } } }, ADMIN);
    const { stage, accountId, region } = anEnvironment();
    const environment = { stage, accountId, region, deletionProtection: false };
    await configureEnvironment(world, { ...WHERE, environment: 'dev1' }, environment, ADMIN);
    await configureEnvironment(
      world,
      { ...WHERE, environment: 'dev1' },
      { ...environment, region: 'eu-west-2' },
      ADMIN,
    );
    const entries = await added(before);
    expect(entries).toMatchObject([
      {
        type: 'application-configured',
        by: ADMIN,
        details: { policy: { from: null, to: { staging: { staff: 2 } } } },
      },
      { type: 'environment-configured', details: { region: { from: 'eu-west-1', to: 'eu-west-2' } } },
    ]);
    expect(entries.map(({ details }) => Object.keys(details ?? {}))).toEqual([['policy'], ['region']]);
  });

  test('an environment’s external id stays out of it', async () => {
    await world.write('application', anApplication({ pipeline: ['dev1', 'stage1', 'prod1', 'prod2'] }));
    const settings = { stage: 'production', accountId: '4'.repeat(12), region: 'eu-west-1' } as const;
    const place = { ...WHERE, environment: 'prod2' };
    const { environment } = await configureEnvironment(world, place, { ...settings, deletionProtection: true }, ADMIN);
    expect((await audit()).at(-1)).toMatchObject({ type: 'environment-configured', environment: 'prod2' });
    expect(JSON.stringify(await audit())).not.toContain(environment.externalId);
  });

  test('approvers that come, change, confirm and go', async () => {
    const eve = 'eve@client.example';
    const before = await audit();
    const register = (principals: string[]) =>
      registerApprover(world, 'my-app', eve, { gates: ['client'], principals }, ADMIN);
    await register([]);
    await register([]);
    await register([ALICE_ARN]);
    await confirmApprover(world, 'my-app', eve, world.mail.confirmationLink(eve), ADMIN);
    await removeApprover(world, 'my-app', eve, ADMIN);
    expect(await added(before)).toMatchObject([
      { type: 'approver-registered', by: ADMIN, details: { email: eve, gates: { from: null, to: ['client'] } } },
      { type: 'approver-changed', details: { email: eve, principals: { from: [], to: [ALICE_ARN] } } },
      { type: 'approver-confirmed', details: { email: eve, unsubscribeProtected: true } },
      { type: 'approver-removed', details: { email: eve } },
    ]);
  });

  test('outlives its application, and goes on when that is made again', async () => {
    const before = await audit();
    await removeApplication(world, 'my-app', ADMIN);
    const removal = await added(before);
    expect(removal[0]).toMatchObject({ type: 'application-removed', by: ADMIN });
    expect(removal.slice(1).map(({ type }) => type)).toEqual(Array(4).fill('approver-removed'));
    const { name: _, createdAt: __, updatedAt: ___, ...settings } = anApplication();
    await configureApplication(world, 'my-app', settings, ADMIN);
    const [again] = await added([...before, ...removal]);
    expect(again).toMatchObject({ type: 'application-configured', previous: removal.at(-1)?.hash });
  });

  test('of two applications are two chains', async () => {
    await world.write('application', anApplication({ name: 'other' }));
    await registerApprover(world, 'other', BOB, { gates: ['staff'], principals: [] }, ADMIN);
    expect(await audit('other')).toMatchObject([{ application: 'other', sequence: 1, previous: '0'.repeat(64) }]);
  });

  test('many writers at once make one chain, each entry with what it tells', async () => {
    await world.write('application', anApplication({ policy: { staging: { staff: 2 } } }));
    const emails = Array.from({ length: 20 }, (_, number) => `staff${number}@staff.example`);
    const before = await audit();
    await Promise.all(
      emails.map((email) => registerApprover(world, 'my-app', email, { gates: ['staff'], principals: [] }, ADMIN)),
    );
    const told = (await added(before)).map(({ details }) => details?.email);
    expect(told.sort()).toEqual(emails.sort());
  });

  test('a decision whose resumption crashes is told, and told once when it is repeated', async () => {
    const { id } = await waiting();
    const before = await audit();
    world.workflow.isUnreachable = true;
    await expect(world.decide(id, ALICE)).rejects.toThrow('crash');
    world.workflow.isUnreachable = false;
    await world.decide(id, ALICE);
    expect((await added(before)).map(({ type }) => type)).toEqual(['approved']);
  });

  test('fails to write over an entry, to delete one, and to put one where one is', async () => {
    await registerApprover(world, 'my-app', 'eve@client.example', { gates: ['client'], principals: [] }, ADMIN);
    const [entry] = await audit();
    if (!entry) throw new Error('there is no entry');
    const forged = { ...entry, by: 'nobody' };
    const { store } = world;
    await expect(
      store.transact(async (transaction) => {
        await transaction.get('auditEntry', entry);
        transaction.put('auditEntry', forged);
      }),
    ).rejects.toThrow('append-only');
    await expect(
      store.transact(async (transaction) => {
        await transaction.get('auditEntry', entry);
        transaction.delete('auditEntry', entry);
      }),
    ).rejects.toThrow('append-only');
    await expect(store.transact(async (transaction) => transaction.insert('auditEntry', forged))).rejects.toMatchObject(
      { name: 'ConflictError' },
    );
    expect(await audit()).toEqual([entry]);
  });

  test('holds nothing that would let somebody decide', async () => {
    const { id } = await waiting();
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    const told = JSON.stringify(await audit());
    for (const { body } of world.mail.sent)
      for (const [, token = ''] of body.matchAll(/approvals\/(\S+)/g)) expect(told).not.toContain(token);
    expect(world.mail.sent.length).toBeGreaterThan(2);
    expect(told).not.toContain('token-');
  });
});
