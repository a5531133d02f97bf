import { describe, expect, test } from '@jest/globals';
import { decideGate } from '../../../lambdas/domain/approval/decide-gate.ts';
import { settleGate } from '../../../lambdas/domain/approval/settle-gate.ts';
import { removeApprover } from '../../../lambdas/domain/approver/remove-approver.ts';
import { planAgain } from '../../../lambdas/domain/model/deployment-transitions.ts';
import type { Policy } from '../../../lambdas/domain/policy.ts';
import { APPLICATION, CLIENT, JANE, PipelineWorld, STAFF } from '../../api/pipeline-world.ts';

const approverPath = (email: string) => `/applications/my-app/approvers/${encodeURIComponent(email)}`;
const PROBLEM = 'urn:stagegate:problem:last-approver';
const BOTH = [
  { gate: 'staff' as const, required: 1 },
  { gate: 'client' as const, required: 1 },
];

const setPolicy = (world: PipelineWorld, policy: Policy) =>
  world.put('/applications/my-app', { ...APPLICATION, policy });

/** A release that succeeded before production, and one approver for each gate. */
async function beforeProduction(): Promise<PipelineWorld> {
  const world = await PipelineWorld.create();
  await world.approver(STAFF, 'staff');
  await world.approver(CLIENT, 'client');
  await world.end(await world.release(1));
  await world.succeed(1, 'stage1');
  return world;
}

async function approve(world: PipelineWorld, deploymentId: string, email: string): Promise<void> {
  const gate = await world.store.get('gate', { deploymentId, gate: 'staff' });
  const digest = gate?.digest ?? '';
  await decideGate(world, { deploymentId, gate: 'staff', email, decision: 'approve', via: 'link', digest });
}

/** Tries to take away the approver in both ways. Each refusal must leave the approver as it was. */
async function refusals(world: PipelineWorld, email: string, otherGate: 'staff' | 'client'): Promise<unknown[]> {
  const before = await world.store.get('approver', { application: 'my-app', email });
  const removed = await world.delete(approverPath(email));
  const changed = await world.put(approverPath(email), { gates: [otherGate] });
  expect(await world.store.get('approver', { application: 'my-app', email })).toEqual(before);
  return [removed.body.type, changed.body.type];
}

describe('nobody takes away the last approver whom an open deployment still needs', () => {
  test('of the client gate while the staff gate is open', async () => {
    const world = await beforeProduction();
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { gates: BOTH });
    await world.openGate(id, 'staff');
    expect(await refusals(world, CLIENT, 'staff')).toEqual([PROBLEM, PROBLEM]);
    expect((await world.delete(approverPath(CLIENT))).body.detail).toBe(
      `the client gate of the open deployment "${id}" needs 1 approver(s) and has 0 without ${CLIENT}; register another approver whose address is confirmed, or cancel the deployment`,
    );
  });

  test.each([
    [STAFF, 'client'],
    [CLIENT, 'staff'],
  ] as const)('%s, while the plan is being made', async (email, otherGate) => {
    const world = await beforeProduction();
    await world.deploy('prod1', 1);
    expect(await refusals(world, email, otherGate)).toEqual([PROBLEM, PROBLEM]);
  });

  test('while the deployment waits in the queue', async () => {
    const world = await beforeProduction();
    await world.plan(await world.deploy('prod1', 1), { gates: [] });
    await world.end(await world.release(2));
    await world.succeed(2, 'stage1');
    const queued = await world.deploy('prod1', 2);
    const refused = await world.delete(approverPath(CLIENT));
    expect(refused.body.type).toBe(PROBLEM);
    await world.post(`/applications/my-app/environments/prod1/deployments/${queued}/cancel`, {});
    await world.end((await holderOf(world)) ?? '', 'failed');
    expect((await world.delete(approverPath(CLIENT))).status).toBe(204);
  });

  test('after the policy was raised, although the plan was made for fewer', async () => {
    const world = await beforeProduction();
    await world.approver('second@example.com', 'client');
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { gates: BOTH });
    await world.openGate(id, 'staff');
    await setPolicy(world, { production: { client: 2 } });
    expect(await refusals(world, CLIENT, 'staff')).toEqual([PROBLEM, PROBLEM]);
  });

  test('while its plan is made again, because earlier approvals may become void', async () => {
    const world = await beforeProduction();
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { gates: BOTH });
    await world.openGate(id, 'staff');
    await approve(world, id, STAFF);
    await world.store.transact(async (transaction) => {
      const deployment = await transaction.get('deployment', { id });
      if (deployment?.status !== 'awaiting_approval') throw new Error('it does not wait');
      transaction.put('deployment', planAgain(deployment, deployment.planned, 'plan-too-old'));
    });
    expect(await refusals(world, STAFF, 'client')).toEqual([PROBLEM, PROBLEM]);
  });

  test('although another is registered whose address is not confirmed', async () => {
    const world = await beforeProduction();
    await world.deploy('prod1', 1);
    await world.put(approverPath('new@example.com'), { gates: ['client'] });
    expect((await world.delete(approverPath(CLIENT))).body.type).toBe(PROBLEM);
    world.mail.click('new@example.com');
    expect((await world.delete(approverPath(CLIENT))).status).toBe(204);
  });

  test('although another is registered who has approved the gate before', async () => {
    const world = await beforeProduction();
    await world.approver('second@example.com', 'staff');
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { gates: BOTH });
    await world.openGate(id, 'staff');
    await approve(world, id, 'second@example.com');
    await world.approver('second@example.com', 'client');
    expect((await world.delete(approverPath(CLIENT))).body.type).toBe(PROBLEM);
  });

  test('of a plan in development that needs a lifted protection, and so both gates', async () => {
    const world = await beforeProduction();
    await world.end(await world.release(2));
    const id = await world.deploy('dev1', 2);
    await world.plan(id, { gates: BOTH });
    expect(await refusals(world, CLIENT, 'staff')).toEqual([PROBLEM, PROBLEM]);
  });

  test('when two are removed at the same time', async () => {
    const world = await beforeProduction();
    await world.approver('second@example.com', 'client');
    await world.deploy('prod1', 1);
    const both = await Promise.allSettled(
      [CLIENT, 'second@example.com'].map((email) => removeApprover(world.services, 'my-app', email, JANE)),
    );
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { body } = await world.get('/applications/my-app/approvers');
    expect(body.items.filter(({ gates }: { gates: string[] }) => gates.includes('client'))).toHaveLength(1);
  });
});

describe('somebody whom no open deployment needs can be removed', () => {
  test('after the gate is passed', async () => {
    const world = await beforeProduction();
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { gates: BOTH });
    await world.openGate(id, 'staff');
    await approve(world, id, STAFF);
    expect((await world.delete(approverPath(STAFF))).status).toBe(204);
    expect((await world.delete(approverPath(CLIENT))).body.type).toBe(PROBLEM);
  });

  test('when the plan changes nothing', async () => {
    const world = await beforeProduction();
    await world.plan(await world.deploy('prod1', 1), { gates: BOTH, hasChanges: false });
    expect((await world.delete(approverPath(CLIENT))).status).toBe(204);
  });

  test('when the deployment is asked to cancel', async () => {
    const world = await beforeProduction();
    const id = await world.deploy('prod1', 1);
    await world.post(`/applications/my-app/environments/prod1/deployments/${id}/cancel`, {});
    expect((await world.delete(approverPath(CLIENT))).status).toBe(204);
  });

  test('when the open deployment is of another application', async () => {
    const world = await beforeProduction();
    await world.deploy('prod1', 1);
    await world.put('/applications/other', APPLICATION);
    await world.put('/applications/other/approvers/client@example.com', { gates: ['client'] });
    expect((await world.delete('/applications/other/approvers/client@example.com')).status).toBe(204);
  });

  test('with a change that keeps the gate', async () => {
    const world = await beforeProduction();
    await world.deploy('prod1', 1);
    expect((await world.put(approverPath(CLIENT), { gates: ['client'], principals: [JANE] })).status).toBe(200);
  });
});

describe('`required` is what counts now', () => {
  const gatesOf = async (world: PipelineWorld, id: string) =>
    (await world.get(`/applications/my-app/environments/prod1/deployments/${id}`)).body.gates.map(
      ({ gate, required, status }: { gate: string; required: number; status: string }) => [gate, required, status],
    );

  test('from the moment the policy is raised, for the open gate and for those to come', async () => {
    const world = await beforeProduction();
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { gates: BOTH });
    await world.openGate(id, 'staff');
    await setPolicy(world, { production: { staff: 2, client: 3 } });
    const expected = [
      ['staff', 2, 'open'],
      ['client', 3, 'pending'],
    ];
    expect(await gatesOf(world, id)).toEqual(expected);
    const list = await world.get('/applications/my-app/environments/prod1/deployments');
    expect(list.body.items[0].gates).toMatchObject([{ required: 2 }, { required: 3 }]);
    const environment = await world.get('/applications/my-app/environments/prod1');
    expect(environment.body.current.gates).toMatchObject([{ required: 2 }, { required: 3 }]);
    expect(environment.body.gates).toMatchObject([{ required: 2 }, { required: 3 }]);
  });

  test('for a gate that was approved by fewer, which the apply will refuse', async () => {
    const world = await beforeProduction();
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { gates: BOTH });
    await world.openGate(id, 'staff');
    await approve(world, id, STAFF);
    await setPolicy(world, { production: { staff: 2 } });
    expect(await gatesOf(world, id)).toEqual([
      ['staff', 2, 'approved'],
      ['client', 1, 'pending'],
    ]);
  });

  test('not less after the policy is lowered again', async () => {
    const world = await beforeProduction();
    await setPolicy(world, { production: { client: 2 } });
    const id = await world.deploy('prod1', 1);
    await world.plan(id, {
      gates: [
        { gate: 'staff', required: 1 },
        { gate: 'client', required: 2 },
      ],
    });
    await setPolicy(world, {});
    expect(await gatesOf(world, id)).toEqual([
      ['staff', 1, 'pending'],
      ['client', 2, 'pending'],
    ]);
  });

  test('in the record of a gate that nobody decided', async () => {
    const world = await beforeProduction();
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { gates: BOTH });
    await world.openGate(id, 'staff');
    await setPolicy(world, { production: { staff: 2 } });
    world.surroundings.advance(8 * 24 * 3600);
    expect(await settleGate(world, id, 'staff')).toMatchObject({ outcome: 'expired' });
    const { body } = await world.get('/applications/my-app/audit', { limit: '100' });
    expect(body.items.at(-1)).toMatchObject({ type: 'gate-expired', details: { required: 2, approvals: 0 } });
  });

  test('as it was when the deployment ended', async () => {
    const world = await beforeProduction();
    const id = await world.deploy('prod1', 1);
    await world.plan(id, { gates: BOTH });
    await world.openGate(id, 'staff');
    await world.end(id, 'canceled');
    await setPolicy(world, { production: { staff: 2 } });
    expect(await gatesOf(world, id)).toMatchObject([['staff', 1, 'void']]);
  });
});

const holderOf = async (world: PipelineWorld): Promise<string | undefined> =>
  (await world.store.get('environmentState', { application: 'my-app', environment: 'prod1' }))?.holder?.deploymentId;
