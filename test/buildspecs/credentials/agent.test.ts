import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startAgent } from '../../../buildspecs/program/credentials/agent.ts';
import { CredentialsError } from '../../../buildspecs/program/credentials/broker.ts';
import type { BuildCredentials } from '../../../lambdas/domain/contract/build-credentials.ts';
import { CREDENTIALS } from './answering-server.ts';

let agent: Awaited<ReturnType<typeof startAgent>>;
/** Gets the credentials that the agent gives. */
let current: () => Promise<BuildCredentials>;
let given: number;

beforeEach(async () => {
  current = async () => CREDENTIALS;
  given = 0;
  agent = await startAgent({
    current() {
      given += 1;
      return current();
    },
  });
});
afterEach(() => agent.close());

const uri = () => agent.variables.AWS_CONTAINER_CREDENTIALS_FULL_URI;
const token = () => agent.variables.AWS_CONTAINER_AUTHORIZATION_TOKEN;

async function ask({ path = '', ...init }: RequestInit & { path?: string } = {}) {
  const response = await fetch(`${uri()}${path}`, { headers: { authorization: token() }, ...init });
  return { status: response.status, body: await response.json() };
}

describe('the agent', () => {
  it('gives credentials in the form that SDKs expect of containers', async () => {
    expect(await ask()).toEqual({
      status: 200,
      body: {
        AccessKeyId: 'ASIAEXAMPLE',
        SecretAccessKey: 'a-secret-access-key',
        Token: 'a-session-token',
        Expiration: '2099-01-01T00:00:00Z',
      },
    });
  });

  it('is reached on this machine only, with a token that nobody can guess', async () => {
    expect([new URL(uri()).hostname, token()]).toEqual(['127.0.0.1', expect.stringMatching(/^[0-9a-f]{64}$/)]);
    const another = await startAgent({ current });
    another.close();
    expect(another.variables.AWS_CONTAINER_AUTHORIZATION_TOKEN).not.toBe(token());
  });

  it.each([
    ['no token', () => ({ headers: {} }), 403],
    ['an empty token', () => ({ headers: { authorization: '' } }), 403],
    ['another token', () => ({ headers: { authorization: '0'.repeat(64) } }), 403],
    ['the token and more', () => ({ headers: { authorization: `${token()}0` } }), 403],
    ['a part of the token', () => ({ headers: { authorization: token().slice(1) } }), 403],
    ['a scheme before the token', () => ({ headers: { authorization: `Bearer ${token()}` } }), 403],
    ['another path', () => ({ path: '/more' }), 404],
    ['a query', () => ({ path: '?role=other' }), 404],
    ['POST', () => ({ method: 'POST', body: '{}' }), 405],
    ['DELETE', () => ({ method: 'DELETE' }), 405],
  ])('gives nothing to a request with %s', async (_, request, status) => {
    const { status: answered, body } = await ask(request());
    expect([answered, JSON.stringify(body).includes('secret'), given]).toEqual([status, false, 0]);
  });

  it('tells those who know no token nothing about its paths', async () => {
    expect((await ask({ path: '/more', headers: {} })).status).toBe(403);
  });

  it.each([
    [new CredentialsError('credentials-refused', 'the credentials broker refused this build: it has ended')],
    [new CredentialsError('credentials-unavailable', 'the credentials broker answered with HTTP 503')],
  ])('says why there are none, so that the engine tells it: %s', async (error) => {
    current = () => Promise.reject(error);
    expect(await ask()).toEqual({
      status: 503,
      body: expect.objectContaining({ code: 'CredentialsUnavailable', message: error.message }),
    });
    current = async () => CREDENTIALS;
    expect((await ask()).status).toBe(200);
  });

  it('shows nothing of an error that it does not know', async () => {
    current = () => Promise.reject(new Error('a-secret-access-key'));
    expect((await ask()).body).toMatchObject({ message: 'the credentials agent broke' });
  });

  it('keeps no process alive', async () => {
    const servers = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
    const before = servers();
    const another = await startAgent({ current });
    expect(servers()).toBe(before);
    another.close();
  });
});
