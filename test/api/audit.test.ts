import { describe, expect, test } from '@jest/globals';
import { emptyChain, proveNext } from '../../lambdas/domain/model/audit.ts';
import { OTHER_DIGEST } from '../harness/builders.ts';
import { APPLICATION, JANE, PipelineWorld, STAFF } from './pipeline-world.ts';
import { ADMIN } from './test-api.ts';

const PATH = '/applications/my-app/audit';

describe('GET /applications/{app}/audit', () => {
  test('tells who did what, oldest first, with the end of the chain', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff', [JANE]);
    const { status, body } = await world.get(PATH);
    expect(status).toBe(200);
    expect(body.items.map(({ type, by }: { type: string; by: string }) => [type, by])).toEqual([
      ['application-configured', ADMIN],
      ...Array(3).fill(['environment-configured', ADMIN]),
      ['approver-registered', ADMIN],
    ]);
    expect(body.head).toEqual({ sequence: 5, hash: body.items[4].hash });
  });

  test('pages from either end, and what all pages say is one proven chain', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff', [JANE]);
    const read = async (order: string) => {
      const found = [];
      let query: Record<string, string> = { limit: '2', order };
      for (;;) {
        const { body } = await world.get(PATH, query);
        expect(body.items.length).toBeLessThanOrEqual(2);
        found.push(...body.items);
        if (!body.nextCursor) return found;
        query = { ...query, cursor: body.nextCursor };
      }
    };
    const oldest = await read('oldest');
    expect(await read('newest')).toEqual(oldest.toReversed());
    let head = emptyChain('my-app');
    for (const entry of oldest) {
      const proof = proveNext(head, entry);
      expect(proof).toMatchObject({ proven: true });
      if (proof.proven) head = proof.head;
    }
    expect(head.sequence).toBe(5);
  });

  test('tells a refused decision with its reason, and the forged link nothing', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff', [JANE]);
    await world.end(await world.release(1));
    const id = await world.deploy('stage1', 1);
    await world.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
    await world.openGate(id, 'staff');
    const decisions = `/applications/my-app/environments/stage1/deployments/${id}/gates/staff/decisions`;
    await world.post(decisions, { decision: 'approve', planDigest: OTHER_DIGEST, comment: 'go' }, JANE);
    const { body } = await world.get(PATH, { order: 'newest', limit: '1' });
    expect(body.items).toMatchObject([
      {
        type: 'refused',
        by: STAFF,
        principal: JANE,
        via: 'api',
        digest: OTHER_DIGEST,
        comment: 'go',
        deploymentId: id,
        gate: 'staff',
        details: { refusal: 'digest-differs', decision: 'approve' },
      },
    ]);
  });

  test('tells of an application that was removed, and nothing of one that never was', async () => {
    const world = await PipelineWorld.create();
    await world.delete('/applications/my-app');
    const removed = await world.get(PATH, { order: 'newest', limit: '1' });
    expect(removed.body.items).toMatchObject([{ type: 'application-removed', by: ADMIN }]);
    await world.put('/applications/my-app', APPLICATION);
    const again = await world.get(PATH, { order: 'newest', limit: '1' });
    expect(again.body.items).toMatchObject([
      { type: 'application-configured', previous: removed.body.head.hash, sequence: removed.body.head.sequence + 1 },
    ]);
    expect((await world.get('/applications/nothing/audit')).status).toBe(404);
  });

  test.each([
    ['an order nobody knows', { order: 'random' }, 'order'],
    [
      'a cursor of another list',
      { cursor: Buffer.from('{"pk":"APP#my-app","sk":"x"}').toString('base64url') },
      'cursor',
    ],
    ['too many', { limit: '101' }, 'limit'],
  ])('fails for %s', async (_, query, field) => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.get(PATH, query as Record<string, string>);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field }]);
  });

  test.each(['PUT', 'POST', 'PATCH', 'DELETE'])('has no other method: %s', async (method) => {
    const world = await PipelineWorld.create();
    const { status, headers } = await world.call(method, PATH, { body: {} });
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'GET' });
  });
});
