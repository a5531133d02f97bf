import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OPERATIONS, onlyListed } from '../../../cli/board/door/operations.ts';
import { ROUTES } from '../../../lambdas/api/routes.ts';
import { analysisKey } from '../../../lambdas/domain/contract/build-result.ts';
import { readDocument } from '../../docs/documents.ts';
import { anAnalysis } from '../../harness/analysis-builder.ts';
import { BoardWorld } from './board-world.ts';

const URL_OF_API = 'https://api.example.com/prod';
let sent: string[];
beforeEach(() => {
  sent = [];
});
const send = onlyListed(async ({ method, url }) => {
  sent.push(`${method} ${url}`);
  return new Response('{}');
}, URL_OF_API);
const request = (method: string, path: string, body?: unknown) =>
  send(new Request(`${URL_OF_API}${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) }));

const IN_DEV = '/applications/my-app/environments/dev1';

test('every listed operation is one of the API', () => {
  expect(Object.keys(OPERATIONS).filter((operation) => !Object.hasOwn(ROUTES, operation))).toEqual([]);
});

test('docs/board.md lists them', () => {
  const listed = [...readDocument('docs/board.md').matchAll(/^\| `((?:GET|POST|PATCH) [^`]+)` \|/gm)].map(
    ([, operation]) => operation,
  );
  expect(listed).toEqual(Object.keys(OPERATIONS));
});

test.each([
  ['GET', '/applications?include=pipeline&limit=100', undefined],
  ['GET', IN_DEV, undefined],
  ['GET', `${IN_DEV}/deployments/my-app-dev1-1-abc123/plan`, undefined],
  ['POST', '/applications/my-app/promotions', { to: 'stage1', release: 7 }],
  ['POST', `${IN_DEV}/deployments`, { operation: 'rollback', release: 6 }],
  ['POST', `${IN_DEV}/deployments/my-app-dev1-1-abc123/cancel`, undefined],
  ['PATCH', IN_DEV, { hold: true, reason: 'a freeze' }],
])('%s %s is sent', async (method, path, body) => {
  await request(method, path, body);
  expect(sent).toEqual([`${method} ${URL_OF_API}${path}`]);
});

describe('nothing else is signed or sent', () => {
  test.each([
    ['DELETE', '/applications/my-app', undefined],
    ['PUT', IN_DEV, {}],
    ['GET', `${IN_DEV}/outputs`, undefined],
    ['GET', '/health/details', undefined],
    ['POST', `${IN_DEV}/protection-lifts`, { address: 'a', reason: 'b' }],
    ['POST', `${IN_DEV}/deployments/my-app-dev1-1-abc123/gates/staff/decisions`, { decision: 'approve' }],
    ['PATCH', IN_DEV, { hold: false }],
    ['PATCH', IN_DEV, { hold: true, reason: 'a', deletionProtection: false }],
    ['PATCH', IN_DEV, undefined],
    ['POST', `${IN_DEV}/deployments`, { operation: 'destroy', release: 6 }],
    ['POST', `${IN_DEV}/deployments`, { operation: 'rollback', release: 6, adopt: 'empty-state' }],
    ['POST', '/applications/my-app/promotions', { to: 'stage1' }],
    ['GET', '/applications/', undefined],
    ['GET', '//applications', undefined],
    ['GET', '/applications/my-app/pipeline/', undefined],
  ])('%s %s %j', async (method, path, body) => {
    await expect(request(method, path, body)).rejects.toThrow(`the board may not ask the API for ${method}`);
    expect(sent).toEqual([]);
  });
});

describe('what the pages ask for', () => {
  let world: BoardWorld;
  beforeEach(async () => {
    world = await BoardWorld.create();
    await world.api.end(await world.api.release(1));
  });
  afterEach(() => world.stop());

  test('is all listed, and an application in which nothing happens is asked for with four requests', async () => {
    const asked = async (path: string) => {
      world.served.requests.length = 0;
      expect((await world.ask(path)).status).toBe(200);
      return world.served.requests.length;
    };
    expect(await asked('/')).toBe(1);
    expect(await asked('/applications/my-app')).toBe(8);
    expect(await asked('/applications/my-app')).toBe(0);
    world.pass(1000);
    expect(await asked('/applications/my-app')).toBe(4);
    expect(await asked('/applications/my-app')).toBe(0);
    // Once a minute everything is read: there is more than what shows whether something has happened.
    world.pass(60_000);
    expect(await asked('/applications/my-app')).toBe(8);
    world.pass(1000);
    expect(await asked('/applications/my-app')).toBe(4);
  });

  test('is asked for twice at most while the API cannot answer', async () => {
    world.served.insteadOfAll = { status: 503, body: '{"message":"Service Unavailable"}' };
    expect((await world.ask('/')).status).toBe(503);
    expect(world.served.requests).toHaveLength(2);
  });

  test('leaves out the plan of a deployment for half a minute', async () => {
    const id = await world.api.deploy('stage1', 1);
    await world.api.plan(id, { analysis: await world.api.artifacts.putJson(analysisKey(id, 1), anAnalysis()) });
    const plans = async () => {
      world.served.requests.length = 0;
      await world.ask(`/applications/my-app/environments/stage1/deployments/${id}`);
      return world.served.requests.filter(({ path }) => path.endsWith('/plan')).length;
    };
    expect(await plans()).toBe(1);
    world.pass(2000);
    expect(await plans()).toBe(0);
    world.pass(30_000);
    expect(await plans()).toBe(1);
  });
});
