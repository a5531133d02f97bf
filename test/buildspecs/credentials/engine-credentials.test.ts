import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as z from 'zod';
import { engineCredentials } from '../../../buildspecs/program/credentials/engine-credentials.ts';
import { type AnsweringServer, CREDENTIALS, startAnsweringServer } from './answering-server.ts';

/** Tests agent, refresh and client of the broker together, as a build has them. Minutes pass at once. */
const MINUTE = 60_000;
const request = {
  ticket: `shop-dev1-1-abcdef.apply.1.${'7'.repeat(64)}`,
  buildId: 'stagegate-apply:01234567-89ab-cdef-0123-456789abcdef',
};
const own = { AWS_ACCESS_KEY_ID: 'AKIABUILD', AWS_SECRET_ACCESS_KEY: 'of-the-build' };
const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
let broker: AnsweringServer;
let isDown: boolean;
let secrets: string[];

beforeEach(async () => {
  Object.assign(process.env, own);
  jest.useFakeTimers({
    now: Date.parse('2026-11-29T03:00:00.000Z'),
    doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout', 'clearTimeout', 'performance'],
  });
  isDown = false;
  secrets = [];
  broker = await startAnsweringServer((number) =>
    isDown
      ? { status: 403, body: { detail: 'it has ended' } }
      : {
          status: 200,
          body: {
            ...CREDENTIALS,
            sessionToken: `token ${number}`,
            expiration: new Date(Date.now() + 60 * MINUTE).toISOString(),
          },
        },
  );
});
afterEach(async () => {
  jest.useRealTimers();
  await broker.close();
  for (const [name, value] of Object.entries({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

let stopping = new AbortController();
beforeEach(() => {
  stopping = new AbortController();
});
const begin = () =>
  engineCredentials({
    apiUrl: broker.url,
    region: 'eu-central-1',
    request,
    keepSecret: (text) => secrets.push(text),
    stop: stopping.signal,
  });

const AnswerSchema = z.object({ Token: z.string().optional(), message: z.string().optional() });

/** Asks for what the engine gets now. */
async function ask(variables: Readonly<Record<string, string>>) {
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri = '', AWS_CONTAINER_AUTHORIZATION_TOKEN: token = '' } = variables;
  const response = await fetch(uri, { headers: { authorization: token } });
  const { Token, message } = AnswerSchema.parse(await response.json());
  return [response.status, Token ?? message];
}

async function asked(times: number): Promise<void> {
  while (broker.requests.length < times) await new Promise((resolve) => setImmediate(resolve));
}

describe('the credentials of an engine', () => {
  it('are there when it begins, fetched with the ticket by the build’s own role', async () => {
    const variables = await begin();
    expect(await ask(variables)).toEqual([200, 'token 1']);
    const [only, ...more] = broker.requests;
    expect([JSON.parse(only?.body.toString() ?? ''), more]).toEqual([request, []]);
    expect(only?.headers.authorization).toMatch(/Credential=AKIABUILD\/20261129\/eu-central-1\/execute-api\//);
  });

  it('are fresh ones long before they end, although the engine asks for none', async () => {
    const variables = await begin();
    jest.advanceTimersByTime(44 * MINUTE);
    expect(broker.requests.length).toBe(1);
    jest.advanceTimersByTime(2 * MINUTE);
    await asked(2);
    jest.advanceTimersByTime(20 * MINUTE);
    expect(await ask(variables)).toEqual([200, 'token 2']);
  });

  it('are fresh ones after the build was told to stop, too: the engine still writes its state', async () => {
    const variables = await begin();
    stopping.abort();
    jest.advanceTimersByTime(60 * MINUTE);
    expect(await ask(variables)).toEqual([200, 'token 2']);
  });

  it('are not asked for by a build that was told to stop before', async () => {
    stopping.abort(new Error('nobody needs them'));
    await expect(begin()).rejects.toThrow('nobody needs them');
    expect(broker.requests).toEqual([]);
  });

  it('end, and the engine is told why', async () => {
    const variables = await begin();
    isDown = true;
    jest.advanceTimersByTime(59 * MINUTE);
    expect(await ask(variables)).toEqual([200, 'token 1']);
    jest.advanceTimersByTime(MINUTE);
    expect(await ask(variables)).toEqual([503, 'the credentials broker refused this build: it has ended']);
  });

  it('are refused before it begins', async () => {
    isDown = true;
    await expect(begin()).rejects.toMatchObject({ reason: 'credentials-refused' });
  });

  it('are known as secrets, each of them, with the token of the agent', async () => {
    const variables = await begin();
    jest.advanceTimersByTime(60 * MINUTE);
    expect(await ask(variables)).toEqual([200, 'token 2']);
    const { AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = variables;
    expect(secrets).toEqual(expect.arrayContaining(['a-secret-access-key', 'token 1', 'token 2', token]));
  });
});
