import { afterEach, describe, expect, it } from '@jest/globals';
import { CredentialsError } from '../../../buildspecs/program/credentials/broker.ts';
import { signedBroker } from '../../../buildspecs/program/credentials/signed-broker.ts';
import { readSignature, verifySignature } from '../../../local/door/signature.ts';
import type { WireRequest } from '../../../local/door/wire.ts';
import { type AnsweringServer, CREDENTIALS, startAnsweringServer } from './answering-server.ts';

/** Tests the broker's client against a server on this machine. */
const SECRET = '7'.repeat(64);
const REQUEST = {
  ticket: `shop-dev1-1-abcdef.plan.1.${SECRET}`,
  buildId: 'stagegate-plan:01234567-89ab-cdef-0123-456789abcdef',
};
const BUILD = { accessKeyId: 'ASIABUILD', secretAccessKey: 'of-the-build', sessionToken: 'token-of-the-build' };

let server: AnsweringServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

type Answer = Parameters<typeof startAnsweringServer>[0];

/** Asks a broker that answers in this way. */
async function ask(answer: Answer, patience = {}, stop?: AbortSignal) {
  server = await startAnsweringServer(answer);
  return askAt(server.url, patience, stop);
}

const askAt = (apiUrl: string, patience = {}, stop?: AbortSignal) =>
  signedBroker({
    apiUrl,
    region: 'eu-central-1',
    credentials: BUILD,
    request: REQUEST,
    patience: { requestTimeoutMs: 60_000, retries: 3, firstDelayMs: 1, longestMs: 60_000, ...patience },
  }).redeem(stop);

async function errorOf(asked: Promise<unknown>): Promise<CredentialsError> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CredentialsError)) throw new Error(`no CredentialsError: ${String(error)}`);
  return error;
}

const requests = () => server?.requests ?? [];
function onlyRequest(): WireRequest {
  const [request] = requests();
  if (!request || requests().length > 1) throw new Error(`${requests().length} requests`);
  return request;
}

describe('a ticket', () => {
  it('is shown in a request that the build signs for the API', async () => {
    expect(await ask(() => ({ status: 200, body: CREDENTIALS }))).toEqual(CREDENTIALS);
    const request = onlyRequest();
    expect([request.method, request.path, JSON.parse(request.body.toString())]).toEqual([
      ...['POST', '/builds/credentials', REQUEST],
    ]);
    const scope = readSignature(request);
    if (!scope) throw new Error('not signed');
    expect(scope).toMatchObject({ ...BUILD_SCOPE, service: 'execute-api', region: 'eu-central-1' });
    verifySignature(request, scope, BUILD.secretAccessKey, new Date());
    const forged = { ...request, body: Buffer.from('{}') };
    expect(() => verifySignature(forged, scope, BUILD.secretAccessKey, new Date())).toThrow();
  });

  it('is shown to an API that is not at the root of its host', async () => {
    server = await startAnsweringServer(() => ({ status: 200, body: CREDENTIALS }));
    expect(await askAt(`${server.url}/stage`)).toEqual(CREDENTIALS);
    expect(onlyRequest().path).toBe('/stage/builds/credentials');
  });

  it.each([429, 500, 503])('is shown again after HTTP %s', async (status) => {
    const asked = ask((number) => (number < 3 ? { status, body: {} } : { status: 200, body: CREDENTIALS }));
    expect(await asked).toEqual(CREDENTIALS);
    expect(requests().length).toBe(3);
  });

  it('is shown again when the answer was lost', async () => {
    const asked = ask((number) => (number === 1 ? 'lost' : { status: 200, body: CREDENTIALS }));
    expect(await asked).toEqual(CREDENTIALS);
    expect(requests().map(({ body }) => JSON.parse(body.toString()))).toEqual([REQUEST, REQUEST]);
  });

  it('is shown again when the answer cannot be read', async () => {
    const asked = ask((number) => ({ status: 200, body: number === 1 ? '{"accessKeyId":' : CREDENTIALS }));
    expect(await asked).toEqual(CREDENTIALS);
  });
});

describe('a broker that refuses', () => {
  it.each([400, 401, 403, 404, 409, 413])('with HTTP %s is not asked again', async (status) => {
    const error = await errorOf(ask(() => ({ status, body: { detail: 'there is no such ticket' } })));
    expect([error.reason, error.message, requests().length]).toEqual([
      'credentials-refused',
      'the credentials broker refused this build: there is no such ticket',
      1,
    ]);
  });

  it.each<[string, object | string]>([
    ['nothing', ''],
    ['no JSON', '<html>'],
    ['what the gateway says', { message: 'Forbidden' }],
    ['a detail of two lines', { detail: 'one\ntwo' }],
    ['a detail that hides something', { detail: 'one\u202etwo' }],
    ['a long detail', { detail: 'x'.repeat(301) }],
    ['a detail that is no text', { detail: { text: 'x' } }],
    ['the ticket', { detail: `there is no ticket ${REQUEST.ticket}` }],
  ])('with %s is told by its status only', async (_, body) => {
    const error = await errorOf(ask(() => ({ status: 403, body })));
    expect(error.message).toBe('the credentials broker refused this build: HTTP 403');
  });
});

describe('a broker that is not to be had', () => {
  it('is given up after some attempts', async () => {
    const error = await errorOf(ask(() => ({ status: 503, body: { detail: 'x' } })));
    expect([error.reason, error.message, requests().length]).toEqual([
      'credentials-unavailable',
      'the credentials broker answered with HTTP 503',
      4,
    ]);
  });

  it.each(['silence', 'half'] as const)('is given up when it answers with %s', async (answer) => {
    const error = await errorOf(ask(() => answer, { requestTimeoutMs: 50, retries: 1 }));
    expect(error.reason).toBe('credentials-unavailable');
    expect(error.message).toMatch(/^the credentials broker could not be reached \(\w+\)$/);
  });

  it.each([
    ['between two attempts', () => ({ status: 503, body: {} }) as const],
    ['while an answer is awaited', () => 'silence' as const],
  ])('is not asked again once nobody needs credentials: %s', async (_, answer) => {
    const stop = new AbortController();
    const asked = ask(
      () => {
        setTimeout(() => stop.abort(new Error('nobody needs them')), 50);
        return answer();
      },
      { firstDelayMs: 10 * 60_000, longestMs: 60 * 60_000, requestTimeoutMs: 10 * 60_000 },
      stop.signal,
    );
    await expect(asked).rejects.toThrow('nobody needs them');
    expect(requests()).toHaveLength(1);
  });

  it('is given up when it listens to nobody', async () => {
    expect((await errorOf(askAt('http://127.0.0.1:1'))).message).toBe(
      'the credentials broker could not be reached (ECONNREFUSED)',
    );
  });

  it('is asked by nobody who cannot sign', async () => {
    server = await startAnsweringServer(() => ({ status: 200, body: CREDENTIALS }));
    const asked = signedBroker({
      apiUrl: server.url,
      region: 'eu-central-1',
      request: REQUEST,
      credentials: () => Promise.reject(new Error('secret words')),
      patience: { requestTimeoutMs: 60_000, retries: 0, firstDelayMs: 1, longestMs: 60_000 },
    }).redeem();
    expect((await errorOf(asked)).message).toBe('the credentials broker could not be reached (Error)');
    expect(requests()).toEqual([]);
  });

  it('is given up when it answers with what are no credentials', async () => {
    const error = await errorOf(ask(() => ({ status: 200, body: { ...CREDENTIALS, expiration: 'soon' } })));
    expect([error.reason, error.message]).toEqual([
      'credentials-unavailable',
      'the answer of the credentials broker is unreadable',
    ]);
  });
});

const BUILD_SCOPE = { accessKeyId: BUILD.accessKeyId, sessionToken: BUILD.sessionToken };
