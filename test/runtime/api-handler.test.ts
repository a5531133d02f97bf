import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { READ } from '../../lambdas/api/operations.ts';
import { ConflictError, RefusedError, ServiceUnavailableError } from '../../lambdas/domain/errors.ts';
import type { Store } from '../../lambdas/domain/ports.ts';
import { apiHandler } from '../../lambdas/runtime/api-handler.ts';
import { answer, operation } from '../../lambdas/runtime/operation.ts';
import { ADMIN, TestApi } from '../api/test-api.ts';
import { FakeSurroundings } from '../fakes/fake-surroundings.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { httpEvent, LAMBDA_CONTEXT } from '../harness/http-event.ts';

// Lambda tells a function its name before it loads it.
process.env.AWS_LAMBDA_FUNCTION_NAME = 'stagegate-open';
const { handler: openHandler } = await import('../../lambdas/api/functions/open.ts');

const app = '/applications/my-app';
const body = { client: 'acme', configRepository: { url: 'https://github.com/acme/x.git' } };

/** Serves one operation in the place of GET /applications. */
async function serve(perform: () => Promise<{ status: 200; body: { shown: string } }>, event = {}) {
  const log = new RecordingLog();
  const shown = operation(
    {
      operationId: 'listApplications',
      tag: 'application',
      summary: 'for the test',
      input: {},
      answers: { 200: z.object({ shown: z.string() }) },
    },
    async () => answer(200, (await perform()).body),
  );
  const handler = apiHandler({ 'GET /applications': async () => shown }, { services: {} as never, log });
  const given = { ...httpEvent({ method: 'GET', path: '/applications', caller: ADMIN }), ...event };
  const response = await handler(given, LAMBDA_CONTEXT as never);
  return { log, response, status: response.statusCode, body: JSON.parse(response.body ?? 'null') };
}

describe('a body', () => {
  test('arrives base64-encoded as well', async () => {
    const api = new TestApi();
    expect((await api.call('PUT', app, { body: JSON.stringify(body), isBase64Encoded: true })).status).toBe(201);
  });

  test.each([
    ['nothing', '', 'expected value at line 1, column 1', 'the end of the text'],
    ['half an object', '{"client": "acme",\n "x": ', 'expected value at line 2, column 7', 'the end of the text'],
    ['a comma too many', '{"client": "acme",}', 'expected key at line 1, column 19', '"}"'],
    [
      'single quotes',
      "{'client': 'acme'}",
      'expected key or } at line 1, column 2',
      JSON.stringify("'client': 'acme'}"),
    ],
    ['a missing colon', '{"client" "acme"}', 'expected : at line 1, column 11', JSON.stringify('"acme"}')],
    ['a form', 'client=acme', 'expected value at line 1, column 1', '"client=acme"'],
    ['two documents', '{} {}', 'expected end at line 1, column 4', '"{}"'],
    [
      'a raw line break in a text',
      '{"client": "a\nb"}',
      'expected value at line 1, column 12',
      JSON.stringify('"a\nb"}'),
    ],
    ['a list without its end', '[1, [2', 'expected , or ] at line 1, column 7', 'the end of the text'],
    ['an object without its end', '{"a": {"b": true}', 'expected , or } at line 1, column 18', 'the end of the text'],
    ['a leading zero', '[01]', 'expected , or ] at line 1, column 3', '"1]"'],
  ])('of %s is refused, naming the place', async (_, text, message, value) => {
    const { status, body: problem } = await new TestApi().call('PUT', app, { body: text });
    expect(status).toBe(400);
    expect(problem.errors).toEqual([{ field: 'body', message: `not JSON: ${message}`, value }]);
  });

  test.each([['[]'], ['"text"'], ['7'], ['null']])('of %s, which is no object, is refused', async (text) => {
    const { status, body: problem } = await new TestApi().call('PUT', app, { body: text });
    expect(status).toBe(400);
    expect(problem.errors).toMatchObject([{ field: 'body', value: text }]);
  });

  test('of more than a request can need is refused', async () => {
    const { status, body: problem } = await new TestApi().call('PUT', app, { body: '"'.padEnd(300_000, 'x') });
    expect(status).toBe(400);
    expect(problem.errors).toMatchObject([{ field: 'body', value: '300000 characters' }]);
  });

  test('nested without end is refused, not crashed over', async () => {
    const { status } = await new TestApi().call('PUT', app, { body: '['.repeat(200_000) });
    expect(status).toBe(400);
  });

  test('shortens what it quotes', async () => {
    const { body: problem } = await new TestApi().put(app, { ...body, client: 'x'.repeat(5000) });
    expect(problem.errors[0].value.length).toBeLessThan(300);
  });
});

describe('an answer', () => {
  test('holds nothing its schema does not declare', async () => {
    const { status, body: given } = await serve(async () => {
      const leaking = { shown: 'x', secret: 'y' };
      return { status: 200, body: leaking };
    });
    expect({ status, given }).toEqual({ status: 200, given: { shown: 'x' } });
  });

  test('that does not fit its schema is a crash, not an answer', async () => {
    const { status, log } = await serve(async () => ({ status: 200, body: { shown: 7 as never } }));
    expect(status).toBe(500);
    expect(log.text).toContain('does not fit its schema');
  });

  test('is neither cached, framed, sniffed nor indexed', async () => {
    const { headers } = await new TestApi().get('/health');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'strict-transport-security': expect.stringContaining('max-age='),
    });
  });
});

describe('what is thrown', () => {
  test('by a rule is a problem with its name, and nothing to look at', async () => {
    const {
      response,
      body: problem,
      log,
    } = await serve(async () => {
      throw new RefusedError('approver-limit', 'too many of them');
    });
    expect(response.headers).toMatchObject({ 'content-type': 'application/problem+json' });
    expect(problem).toEqual({
      type: 'urn:stagegate:problem:approver-limit',
      title: 'There are too many approvers',
      status: 409,
      detail: 'too many of them',
      instance: '/applications',
    });
    expect(log.text).not.toContain('ERROR');
  });

  test('by a lost race may be tried again', async () => {
    const {
      status,
      response,
      body: problem,
    } = await serve(async () => {
      throw new ConflictError('committing after 30 attempts');
    });
    expect({ status, type: problem.type }).toEqual({ status: 503, type: 'urn:stagegate:problem:conflict' });
    expect(response.headers).toMatchObject({ 'retry-after': '2' });
  });

  test('by a service that does not answer may be tried again, and the log says why', async () => {
    const {
      status,
      response,
      body: problem,
      log,
    } = await serve(async () => {
      throw new ServiceUnavailableError('S3 could not be reached', { cause: new Error('socket hang up') });
    });
    expect({ status, type: problem.type }).toEqual({ status: 503, type: 'urn:stagegate:problem:service-unavailable' });
    expect(response.headers).toMatchObject({ 'retry-after': '2' });
    expect(log.text).toContain('ERROR');
    expect(log.text).toContain('request failed for now');
  });

  test('by a crash tells the caller nothing and the log everything', async () => {
    const { body: problem, log } = await serve(async () => {
      throw new TypeError('the table is on fire');
    });
    expect(problem).toEqual({
      type: 'urn:stagegate:problem:internal',
      title: 'Something went wrong on our side',
      status: 500,
    });
    expect(log.text).toContain('the table is on fire');
    expect(log.lines.at(-1)).toContain('"route":"GET /applications"');
  });

  test('by a route the function does not serve is a crash', async () => {
    expect((await serve(async () => ({ status: 200, body: { shown: '' } }), { routeKey: 'GET /other' })).status).toBe(
      500,
    );
  });

  test('by an event that is no request is a crash', async () => {
    const handler = apiHandler({}, { services: {} as never, log: new RecordingLog() });
    expect((await handler({ Records: [] }, LAMBDA_CONTEXT as never)).statusCode).toBe(500);
  });
});

describe('what a request has none of', () => {
  const nothing = {
    headers: null,
    pathParameters: null,
    queryStringParameters: null,
    body: null,
    isBase64Encoded: null,
    stageVariables: null,
    cookies: null,
  };
  const without = (event: Record<string, unknown>, ...keys: string[]) =>
    Object.fromEntries(Object.entries(event).filter(([key]) => !keys.includes(key)));

  test.each([
    ['is sent as null', (event: Record<string, unknown>) => ({ ...event, ...nothing })],
    ['is left out', (event: Record<string, unknown>) => without(event, ...Object.keys(nothing))],
  ])('may be what %s', async (_, change) => {
    const store = new InMemoryStore();
    const handler = apiHandler(READ, {
      services: { store, surroundings: new FakeSurroundings() } as never,
      log: new RecordingLog(),
    });
    const event = change(httpEvent({ method: 'GET', path: '/applications', caller: ADMIN }));
    const { statusCode, body: text } = await handler(event, LAMBDA_CONTEXT as never);
    expect({ statusCode, body: JSON.parse(text ?? 'null') }).toEqual({ statusCode: 200, body: { items: [] } });
  });

  test('may be its authorizer, on a route for anybody', async () => {
    const event = httpEvent({ method: 'GET', path: '/health' });
    const context = event.requestContext as object;
    for (const authorizer of [null, { iam: null }]) {
      const answered = await openHandler(
        { ...event, ...nothing, requestContext: { ...context, authorizer } },
        LAMBDA_CONTEXT as never,
      );
      expect(answered.statusCode).toBe(200);
    }
  });
});

test('a signed route without a caller changes nothing', async () => {
  const api = new TestApi();
  await api.put(app, body);
  const answered = await api.call('POST', `${app}/releases`, { body: { commit: 'a'.repeat(40) }, caller: '' });
  expect(answered.status).toBe(500);
  expect(await api.store.get('release', { application: 'my-app', number: 1 })).toBeUndefined();
});

test('every line of the log says who asked for what, and none says with what', async () => {
  const api = new TestApi();
  await api.put(app, { ...body, client: 'very-private' });
  expect(api.log.lines).toHaveLength(1);
  expect(JSON.parse(api.log.lines[0] ?? '')).toMatchObject({
    requestId: 'JKJaXmPLvHcESHA=',
    route: 'PUT /applications/{app}',
    caller: ADMIN,
    input: ['request answered', { status: 201 }],
  });
  expect(api.log.text).not.toContain('very-private');
});

test('a store that loses every race answers 503', async () => {
  const losing: Store = new InMemoryStore();
  losing.transact = async () => {
    throw new ConflictError('committing after 30 attempts');
  };
  expect((await new TestApi(losing).put(app, body)).status).toBe(503);
});
