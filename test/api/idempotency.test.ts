import { describe, expect, test } from '@jest/globals';
import { ServiceUnavailableError } from '../../lambdas/domain/errors.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import { commitOf } from '../harness/builders.ts';
import { APPLICATION, environmentBody, JANE, PipelineWorld, STAFF } from './pipeline-world.ts';
import { ADMIN } from './test-api.ts';

const RELEASES = '/applications/my-app/releases';
const NOBODY = 'arn:aws:sts::999999999999:assumed-role/Tooling/bot';

const keyed = (body: unknown, key = 'ci-run-7', caller = ADMIN) => ({
  body,
  caller,
  headers: { 'idempotency-key': key },
});

const releasesOf = async (world: PipelineWorld) =>
  (await world.store.list(LISTINGS.releases('my-app'))).items.map(({ commit }) => commit);

/** Lets executions fail to start until the returned function is called. */
function failToStart({ workflow }: PipelineWorld): () => void {
  const { start } = workflow;
  workflow.start = async () => {
    throw new ServiceUnavailableError('Step Functions does not answer');
  };
  return () => {
    workflow.start = start;
  };
}

async function waitingAtStaffGate() {
  const world = await PipelineWorld.create();
  await world.approver(STAFF, 'staff', [JANE]);
  await world.end(await world.release(1));
  const id = await world.deploy('stage1', 1);
  await world.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
  await world.openGate(id, 'staff');
  const path = `/applications/my-app/environments/stage1/deployments/${id}/gates/staff/decisions`;
  return { world, path, decision: { decision: 'approve', planDigest: 'a'.repeat(64) } };
}

describe('a POST with an Idempotency-Key', () => {
  test('that is repeated makes one release, and gets the same answer', async () => {
    const world = await PipelineWorld.create();
    const first = await world.send('POST', RELEASES, keyed({ commit: commitOf(1), message: 'One' }));
    await world.end(first.body.deploymentId);
    // Neither white space nor the order of fields counts.
    const again = await world.send('POST', RELEASES, keyed(`{ "message": "One",\n "commit": "${commitOf(1)}" }`));
    expect(first.status).toBe(201);
    expect(again).toEqual(first);
    expect(await releasesOf(world)).toEqual([commitOf(1)]);
  });

  test('sent ten times at once makes one release, and all get the same answer', async () => {
    const world = await PipelineWorld.create();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => world.send('POST', RELEASES, keyed({ commit: commitOf(1) }))),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(await releasesOf(world)).toEqual([commitOf(1)]);
    expect([...world.workflow.executions.keys()]).toEqual([answers[0]?.body.deploymentId]);
  });

  test('is refused with another body, and changes nothing', async () => {
    const world = await PipelineWorld.create();
    await world.send('POST', RELEASES, keyed({ commit: commitOf(1) }));
    const { status, body } = await world.send('POST', RELEASES, keyed({ commit: commitOf(2) }));
    expect({ status, type: body.type }).toEqual({
      status: 422,
      type: 'urn:stagegate:problem:idempotency-key-reused',
    });
    expect(await releasesOf(world)).toEqual([commitOf(1)]);
  });

  test('is another request from another caller, with another key or to another path', async () => {
    const world = await PipelineWorld.create();
    await world.put('/applications/other', APPLICATION);
    await world.put('/applications/other/environments/dev1', environmentBody('dev1'));
    const body = { commit: commitOf(1) };
    for (const given of [keyed(body), keyed(body, 'ci-run-8'), keyed(body, 'ci-run-7', JANE)])
      expect((await world.send('POST', RELEASES, given)).status).toBe(201);
    const other = await world.send('POST', '/applications/other/releases', keyed({ commit: commitOf(2) }));
    expect(other).toMatchObject({ status: 201, body: { number: 1 } });
    expect(await releasesOf(world)).toHaveLength(3);
  });

  test('counts as new after 24 hours', async () => {
    const world = await PipelineWorld.create();
    const numbers: number[] = [];
    for (const seconds of [0, 86_399, 1]) {
      world.surroundings.advance(seconds);
      numbers.push((await world.send('POST', RELEASES, keyed({ commit: commitOf(1) }))).body.number);
    }
    expect(numbers).toEqual([1, 1, 2]);
  });

  test('completes a request that was cut short after its commit', async () => {
    const world = await PipelineWorld.create();
    const restart = failToStart(world);
    expect((await world.send('POST', RELEASES, keyed({ commit: commitOf(1) }))).status).toBe(503);
    restart();
    const { status, body } = await world.send('POST', RELEASES, keyed({ commit: commitOf(1) }));
    expect({ status, number: body.number }).toEqual({ status: 201, number: 1 });
    expect([...world.workflow.executions.keys()]).toEqual([body.deploymentId]);
    expect(await releasesOf(world)).toEqual([commitOf(1)]);
  });

  test('completes a promotion that was cut short, also after the release has got there', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const path = '/applications/my-app/promotions';
    const restart = failToStart(world);
    expect((await world.send('POST', path, keyed({ to: 'stage1' }))).status).toBe(503);
    restart();
    const { currentDeployment } = (await world.get('/applications/my-app/environments/stage1')).body;
    await world.end(currentDeployment);
    expect((await world.send('POST', path, keyed({ to: 'stage1' }, 'another'))).status).toBe(409);
    const { status, body } = await world.send('POST', path, keyed({ to: 'stage1' }));
    expect({ status, id: body.id }).toEqual({ status: 202, id: currentDeployment });
  });

  test('completes a release by hand that was cut short, also after the next deployment holds the environment', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    const next = await world.release(2);
    world.workflow.end(id, 'aborted');
    const path = `/applications/my-app/environments/dev1/deployments/${id}/release`;
    const release = () => world.send('POST', path, keyed({ reason: 'the execution is gone' }));
    const restart = failToStart(world);
    expect((await release()).status).toBe(503);
    restart();
    expect(
      (await world.store.get('environmentState', { application: 'my-app', environment: 'dev1' }))?.holder?.deploymentId,
    ).toBe(next);
    expect(await release()).toMatchObject({ status: 200, body: { id, status: 'failed' } });
    const { body } = await world.get('/applications/my-app/audit');
    expect(body.items.filter(({ type }: { type: string }) => type === 'released-by-hand')).toHaveLength(1);
  });

  test('leaves nothing behind if it is refused, and can be repeated', async () => {
    const world = await PipelineWorld.create();
    const path = '/applications/late/releases';
    expect((await world.send('POST', path, keyed({ commit: 'short' }))).status).toBe(400);
    expect((await world.send('POST', path, keyed({ commit: commitOf(1) }))).status).toBe(404);
    await world.put('/applications/late', APPLICATION);
    expect((await world.send('POST', path, keyed({ commit: commitOf(2) }))).status).toBe(201);
  });

  test('gets the same refusal if the refusal itself was recorded', async () => {
    const { world, path, decision } = await waitingAtStaffGate();
    const refused = await world.send('POST', path, keyed(decision, 'one', NOBODY));
    expect(refused.body.type).toBe('urn:stagegate:problem:not-an-approver');
    await world.put(`/applications/my-app/approvers/${STAFF}`, { gates: ['staff'], principals: [JANE, NOBODY] });
    expect(await world.send('POST', path, keyed(decision, 'one', NOBODY))).toEqual(refused);
    const { body } = await world.get('/applications/my-app/audit');
    expect(body.items.filter(({ type }: { type: string }) => type === 'refused')).toHaveLength(1);
  });

  test('of somebody who maps to no approver is refused the same way after a cut, whoever they are by then', async () => {
    const { world, path, decision } = await waitingAtStaffGate();
    const { transact } = world.store;
    let commits = 0;
    // The decision is recorded as refused, and the request ends before its answer is kept.
    world.store.transact = (attempt, ahead) => {
      commits += 1;
      if (commits === 2) throw new ServiceUnavailableError('DynamoDB does not answer');
      return transact.call(world.store, attempt, ahead) as never;
    };
    expect((await world.send('POST', path, keyed(decision, 'one', NOBODY))).status).toBe(503);
    world.store.transact = transact;
    await world.put(`/applications/my-app/approvers/${STAFF}`, { gates: ['staff'], principals: [JANE, NOBODY] });
    const { status, body } = await world.send('POST', path, keyed(decision, 'one', NOBODY));
    expect({ status, type: body.type }).toEqual({ status: 403, type: 'urn:stagegate:problem:not-an-approver' });
  });

  test.each(['{"a":'.repeat(20_000), '['.repeat(200)])('is refused if its body is nested too deeply', async (body) => {
    const world = await PipelineWorld.create();
    for (const given of [keyed(body), { body }]) {
      const answer = await world.send('POST', RELEASES, given);
      expect(answer.status).toBe(400);
      expect(answer.body.errors).toMatchObject([{ field: 'body', message: 'nested more than 100 deep' }]);
    }
  });

  test('sent twice at once gets one answer, also where the first changes what the second needs', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    world.workflow.end(id, 'aborted');
    const path = `/applications/my-app/environments/dev1/deployments/${id}/release`;
    const release = () => world.send('POST', path, keyed({ reason: 'the execution is gone' }));
    const [one, other] = await Promise.all([release(), release()]);
    expect(one).toMatchObject({ status: 200, body: { status: 'failed' } });
    expect(other).toEqual(one);
    const { body } = await world.get('/applications/my-app/audit');
    expect(body.items.filter(({ type }: { type: string }) => type === 'released-by-hand')).toHaveLength(1);
  });

  test.each([
    ['', 'an empty one'],
    ['two words', 'one with a space'],
    ['ü', 'one with a letter that is not ASCII'],
    ['k'.repeat(256), 'one that is too long'],
  ])('is refused with %j: %s', async (key) => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.send('POST', RELEASES, keyed({ commit: commitOf(1) }, key));
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([
      { field: 'Idempotency-Key', value: JSON.stringify(key).slice(0, 200) + (key.length > 200 ? '…' : '') },
    ]);
    expect(await releasesOf(world)).toEqual([]);
  });
});

describe('an Idempotency-Key', () => {
  test('means nothing to a request that changes nothing, or the same thing however often it is sent', async () => {
    const world = await PipelineWorld.create();
    const headers = { 'idempotency-key': 'one' };
    const path = '/applications/my-app';
    for (const client of ['acme', 'emca'])
      expect((await world.call('PUT', path, { body: { ...APPLICATION, client }, headers })).body.client).toBe(client);
    expect((await world.call('GET', path, { headers })).body.client).toBe('emca');
  });
});
