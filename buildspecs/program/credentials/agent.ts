import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { CredentialsError } from './broker.ts';
import type { KeptCredentials } from './kept-credentials.ts';

const PATH = '/credentials';

export interface Agent {
  /** Variables by which every SDK of AWS finds the agent. */
  readonly variables: {
    readonly AWS_CONTAINER_CREDENTIALS_FULL_URI: string;
    readonly AWS_CONTAINER_AUTHORIZATION_TOKEN: string;
  };
  close(): void;
}

/**
 * Starts a server that gives the engine and its providers their credentials, as containers get them: SDKs ask this
 * address again when their credentials are about to end. Requests without the token are refused. Code that the engine
 * runs has the token, as it has the credentials. The server does not keep the process alive.
 */
export async function startAgent(credentials: Pick<KeptCredentials, 'current'>): Promise<Agent> {
  const token = randomBytes(32).toString('hex');
  const server = createServer((request, response) => {
    answer(request, token, credentials).then(
      ({ status, body }) => send(response, status, body),
      () => response.destroy(),
    );
  });
  server.on('connection', (socket) => socket.unref());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the agent has no port');
  return {
    variables: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${address.port}${PATH}`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** Returns a refusal that has code and message in both spellings, because SDKs expect different ones. */
const refusal = (status: number, code: string, message: string): Answer => ({
  status,
  body: { code, message, Code: code, Message: message },
});

async function answer(
  { headers, method, url }: IncomingMessage,
  token: string,
  credentials: Pick<KeptCredentials, 'current'>,
): Promise<Answer> {
  if (!isSame(headers.authorization ?? '', token)) return refusal(403, 'AccessDenied', 'the token is missing or wrong');
  if (url !== PATH) return refusal(404, 'NotFound', 'there is nothing here');
  if (method !== 'GET') return refusal(405, 'MethodNotAllowed', 'only GET');
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await credentials.current();
    return {
      status: 200,
      body: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        // Not every SDK reads fractions of seconds.
        Expiration: new Date(expiration).toISOString().replace(/\.\d+Z$/, 'Z'),
      },
    };
  } catch (error) {
    const message = error instanceof CredentialsError ? error.message : 'the credentials agent broke';
    return refusal(503, 'CredentialsUnavailable', message);
  }
}

/** Compares two texts by their digests, which have the same length: the comparison reveals nothing about the texts. */
const isSame = (given: string, expected: string): boolean => timingSafeEqual(digest(given), digest(expected));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
