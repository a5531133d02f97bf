import { describe, expect, test } from '@jest/globals';
import { DIGEST, OTHER_DIGEST } from '../harness/builders.ts';
import { CLIENT, JANE, PipelineWorld, STAFF } from './pipeline-world.ts';

const CARL = 'arn:aws:sts::999999999999:assumed-role/Clients/carl';
const NOBODY = 'arn:aws:sts::999999999999:assumed-role/Tooling/bot';
const problem = (name: string, status: number) => ({ status, body: { type: `urn:stagegate:problem:${name}`, status } });

/** Makes a deployment to an environment that waits at its first gate. */
async function waiting(environment: 'stage1' | 'prod1', requestedBy?: string) {
  const world = await PipelineWorld.create();
  await world.approver(STAFF, 'staff', [JANE]);
  await world.approver(CLIENT, 'client', [CARL]);
  await world.approver('sam@example.com', 'staff');
  await world.end(await world.release(1));
  if (environment === 'prod1') await world.succeed(1, 'stage1');
  const id = await world.deploy(environment, 1, 'deploy', requestedBy);
  const gates = [{ gate: 'staff' as const, required: 1 }];
  await world.plan(id, { gates: environment === 'prod1' ? [...gates, { gate: 'client', required: 1 }] : gates });
  await world.openGate(id, 'staff');
  const self = `/applications/my-app/environments/${environment}/deployments/${id}`;
  const decide = (body: object, caller: string, gate = 'staff') =>
    world.post(`${self}/gates/${gate}/decisions`, { planDigest: DIGEST, ...body }, caller);
  const gate = (name: 'staff' | 'client' = 'staff') => world.store.get('gate', { deploymentId: id, gate: name });
  return { world, id, self, decide, gate };
}

describe('POST …/gates/{gate}/links', () => {
  test('mails a new link and shows none', async () => {
    const { world, self, id } = await waiting('stage1');
    const sent = world.mail.sent.length;
    const { status, body, text } = await world.post(`${self}/gates/staff/links`, { email: 'SAM@example.com' }, JANE);
    expect(status).toBe(201);
    expect(body).toEqual({ deploymentId: id, gate: 'staff', email: 'sam@example.com', sequence: 2 });
    expect(world.mail.sent.slice(sent)).toMatchObject([{ to: 'sam@example.com' }]);
    const [, token = ''] = /approvals\/(\S+)/.exec(world.mail.sent.at(-1)?.body ?? '') ?? [];
    expect(await world.links.verify(token)).toMatchObject({ deploymentId: id, email: 'sam@example.com', sequence: 2 });
    expect(text).not.toContain(token);
  });

  test('tells the audit at whose request', async () => {
    const { world, self } = await waiting('stage1');
    await world.post(`${self}/gates/staff/links`, { email: 'sam@example.com' }, JANE);
    const { body } = await world.get('/applications/my-app/audit', { order: 'newest', limit: '1' });
    expect(body.items).toMatchObject([
      { type: 'link-renewed', by: STAFF, principal: JANE, details: { email: 'sam@example.com', sequence: 2 } },
    ]);
  });

  test.each([
    ['somebody of another gate', 'staff', { email: CLIENT }, 403, 'not-an-approver'],
    ['a gate that is not open', 'client', { email: CLIENT }, 409, 'gate-not-open'],
    ['no address', 'staff', {}, 400, 'invalid-input'],
    ['a gate nobody knows', 'boss', { email: CLIENT }, 400, 'invalid-input'],
  ])('fails for %s', async (_, gate, body, status, type) => {
    const { world, self } = await waiting('prod1');
    expect(await world.post(`${self}/gates/${gate}/links`, body, JANE)).toMatchObject(problem(type, status));
  });

  test('fails for a deployment of another environment', async () => {
    const { world, id } = await waiting('stage1');
    const elsewhere = `/applications/my-app/environments/prod1/deployments/${id}/gates/staff/links`;
    expect(await world.post(elsewhere, { email: STAFF }, JANE)).toMatchObject(problem('not-found', 404));
  });
});

describe('POST …/gates/{gate}/decisions', () => {
  test('records the approval of the person the caller maps to, and resumes the task', async () => {
    const { world, decide, gate } = await waiting('stage1');
    const { status, body } = await decide({ decision: 'approve', comment: 'Fine' }, JANE);
    expect(status).toBe(200);
    expect(body.gates).toMatchObject([
      { gate: 'staff', status: 'approved', approvals: [{ by: STAFF, via: 'api', comment: 'Fine' }], rejections: [] },
    ]);
    expect((await gate())?.decisions).toMatchObject([{ principal: JANE, digest: DIGEST }]);
    expect(world.workflow.resumed).toHaveLength(1);
  });

  test('records a rejection, which closes the gate', async () => {
    const { decide } = await waiting('stage1');
    const { body } = await decide({ decision: 'reject', comment: 'Not now' }, JANE);
    expect(body.gates).toMatchObject([{ status: 'rejected', approvals: [], rejections: [{ by: STAFF }] }]);
  });

  test('answers a repeated decision with what stands, and resumes again', async () => {
    const { world, decide, gate, id } = await waiting('stage1');
    await decide({ decision: 'approve' }, JANE);
    const before = await gate();
    world.workflow.waiting.add(`token of ${id} staff`);
    expect((await decide({ decision: 'approve' }, JANE)).status).toBe(200);
    expect(await gate()).toEqual(before);
    expect(world.workflow.resumed).toHaveLength(2);
  });

  test('fails for a caller that maps to nobody, and for the approver of another gate', async () => {
    const { decide, gate } = await waiting('prod1');
    expect(await decide({ decision: 'approve' }, NOBODY)).toMatchObject(problem('not-an-approver', 403));
    expect(await decide({ decision: 'approve' }, CARL)).toMatchObject(problem('not-an-approver', 403));
    expect((await gate())?.decisions).toEqual([]);
  });

  test('fails for another plan than the one the gate is about', async () => {
    const { decide, gate } = await waiting('stage1');
    const answer = await decide({ decision: 'approve', planDigest: OTHER_DIGEST }, JANE);
    expect(answer).toMatchObject(problem('digest-differs', 409));
    expect((await gate())?.status).toBe('open');
  });

  test('fails when the same person has decided otherwise', async () => {
    const { decide } = await waiting('stage1');
    await decide({ decision: 'approve' }, JANE);
    expect(await decide({ decision: 'reject' }, JANE)).toMatchObject(problem('already-decided', 409));
  });

  test('fails after the gate has expired, and when it was closed', async () => {
    const { world, decide, self, gate } = await waiting('stage1');
    world.surroundings.advance(8 * 24 * 3600);
    expect(await decide({ decision: 'approve' }, JANE)).toMatchObject(problem('gate-expired', 409));
    await world.post(`${self}/cancel`, undefined);
    expect(await decide({ decision: 'approve' }, JANE)).toMatchObject(problem('gate-not-open', 409));
    expect((await gate())?.decisions).toEqual([]);
  });

  test('fails for a gate the deployment has not come to', async () => {
    const { decide } = await waiting('prod1');
    expect(await decide({ decision: 'approve' }, CARL, 'client')).toMatchObject(problem('gate-not-open', 409));
  });

  test('fails when whoever asked for a production deployment would approve it', async () => {
    const { decide, gate } = await waiting('prod1', JANE);
    expect(await decide({ decision: 'approve' }, JANE)).toMatchObject(problem('own-request', 403));
    expect((await gate())?.status).toBe('open');
    expect((await decide({ decision: 'reject' }, JANE)).status).toBe(200);
  });

  test('lets whoever asked approve a staging deployment', async () => {
    const { decide } = await waiting('stage1', JANE);
    expect((await decide({ decision: 'approve' }, JANE)).status).toBe(200);
  });

  test('fails when one person would fill both gates', async () => {
    const { world, decide, id } = await waiting('prod1');
    await decide({ decision: 'approve' }, JANE);
    await world.openGate(id, 'client');
    await world.put(`/applications/my-app/approvers/${STAFF}`, { gates: ['client'], principals: [JANE] });
    expect(await decide({ decision: 'approve' }, JANE, 'client')).toMatchObject(problem('one-person-one-gate', 403));
    expect((await decide({ decision: 'approve' }, CARL, 'client')).body.gates).toMatchObject([
      { gate: 'staff', status: 'approved' },
      { gate: 'client', status: 'approved', approvals: [{ by: CLIENT }] },
    ]);
  });

  test.each([
    ['no decision', { decision: undefined }, 'decision', 'nothing'],
    ['a decision nobody knows', { decision: 'maybe' }, 'decision', '"maybe"'],
    ['no digest', { decision: 'approve', planDigest: undefined }, 'planDigest', 'nothing'],
    ['a digest that is none', { decision: 'approve', planDigest: 'abc' }, 'planDigest', '"abc"'],
    ['somebody else in whose name to decide', { decision: 'approve', by: STAFF }, 'by', `"${STAFF}"`],
  ])('fails for %s', async (_, body, field, value) => {
    const { decide } = await waiting('stage1');
    const answer = await decide(body, JANE);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ field, value }]);
  });

  test('fails for a gate nobody knows, and for a deployment of another environment', async () => {
    const { world, decide, id } = await waiting('stage1');
    expect((await decide({ decision: 'approve' }, JANE, 'boss')).body.errors).toMatchObject([{ field: 'gate' }]);
    const elsewhere = `/applications/my-app/environments/prod1/deployments/${id}/gates/staff/decisions`;
    const answer = await world.post(elsewhere, { decision: 'approve', planDigest: DIGEST }, JANE);
    expect(answer).toMatchObject(problem('not-found', 404));
  });

  test('of an approval and a rejection in the same moment exactly one stands', async () => {
    const { world, decide, gate } = await waiting('stage1');
    await world.approver('second@example.com', 'staff', [NOBODY]);
    const answers = await Promise.all([decide({ decision: 'approve' }, JANE), decide({ decision: 'reject' }, NOBODY)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await gate())?.decisions).toHaveLength(1);
  });
});
