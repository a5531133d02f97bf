import { describe, expect, test } from '@jest/globals';
import { APPLICATION, environmentBody, PipelineWorld, STAFF } from './pipeline-world.ts';

const APP = '/applications/my-app';
const DEV = `${APP}/environments/dev1`;
const APPROVER = `${APP}/approvers/${STAFF}`;
const EPHEMERAL = `${APP}/ephemeral-environments/pr-7`;

async function worldWithAll(): Promise<PipelineWorld> {
  const world = await PipelineWorld.create();
  await world.put(APPROVER, { gates: ['staff'] });
  await world.post(`${APP}/ephemeral-environments`, { name: 'pr-7', ref: 'feature/x' });
  return world;
}

const SUBJECTS = [
  { what: 'an application', path: APP, method: 'PUT', body: { ...APPLICATION, client: 'other' } },
  { what: 'an environment', path: DEV, method: 'PUT', body: { ...environmentBody('dev1'), deletionProtection: true } },
  { what: 'the hold of an environment', path: DEV, method: 'PATCH', body: { hold: true, reason: 'a fair' } },
  {
    what: 'an approver',
    path: APPROVER,
    method: 'PUT',
    body: { gates: ['staff'], principals: ['arn:aws:iam::1:user/s'] },
  },
  { what: 'an ephemeral environment', path: EPHEMERAL, method: 'PATCH', body: { ttlHours: 100 } },
];

describe.each(SUBJECTS)('$what', ({ path, method, body }) => {
  const change = (world: PipelineWorld, ifMatch: unknown) =>
    world.call(method, path, { body, headers: { 'if-match': String(ifMatch) } });

  test('changes if the caller knows its settings, and gets another ETag', async () => {
    const world = await worldWithAll();
    const { etag } = (await world.get(path)).headers;
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    const changed = await change(world, etag);
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
    expect((await world.get(path)).headers.etag).toBe(changed.headers.etag);
  });

  test('does not change for a caller who knows older settings', async () => {
    const world = await worldWithAll();
    const before = await world.get(path);
    const changed = await change(world, before.headers.etag);
    const { status, body: problem } = await change(world, before.headers.etag);
    expect({ status, type: problem.type }).toEqual({ status: 412, type: 'urn:stagegate:problem:precondition-failed' });
    expect(problem.detail).toContain(String(changed.headers.etag));
    expect((await world.get(path)).headers.etag).toBe(changed.headers.etag);
  });

  test('of two who know the same settings, changes for one', async () => {
    const world = await worldWithAll();
    const { etag } = (await world.get(path)).headers;
    const answers = await Promise.all([change(world, etag), change(world, etag)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  test.each(['*', '"other", "%s"', 'none'])('takes %s in If-Match', async (given) => {
    const world = await worldWithAll();
    const { etag } = (await world.get(path)).headers;
    const ifMatch = given === 'none' ? undefined : given.replace('"%s"', String(etag));
    const headers: Record<string, string> = ifMatch === undefined ? {} : { 'if-match': ifMatch };
    expect((await world.call(method, path, { body, headers })).status).toBe(200);
  });

  test('does not change for a weak tag, which never matches', async () => {
    const world = await worldWithAll();
    expect((await change(world, `W/${(await world.get(path)).headers.etag}`)).status).toBe(412);
  });

  test.each(['abc', '"a', '"a" "b"', ''])('refuses %j in If-Match', async (ifMatch) => {
    const world = await worldWithAll();
    const answer = await change(world, ifMatch);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ field: 'If-Match', value: JSON.stringify(ifMatch) }]);
  });
});

test.each([
  ['/applications/new', APPLICATION],
  [`${APP}/environments/qa1`, environmentBody('dev1')],
  [`${APP}/approvers/new@example.com`, { gates: ['staff'] }],
])('%s does not come into being with If-Match', async (path, body) => {
  const world = await PipelineWorld.create();
  await world.put(APP, { ...APPLICATION, pipeline: ['dev1', 'qa1'] });
  expect((await world.call('PUT', path, { body, headers: { 'if-match': '*' } })).status).toBe(412);
  expect((await world.get(path)).status).toBe(404);
  expect(world.mail.sent).toEqual([]);
});

test('the ETag of an environment stays through deployments, and changes when it is made again', async () => {
  const world = await worldWithAll();
  const { etag } = (await world.get(DEV)).headers;
  await world.end(await world.release(1));
  expect((await world.get(DEV)).headers.etag).toBe(etag);
});
