import { randomUUID } from 'node:crypto';
import { type Connection, contentType, isLocal, PRINCIPAL_HEADER } from '../connection/connection.ts';
import { CommandError } from '../output/command-error.ts';
import { BUSY, networkCodeOf, unreachable } from './failures.ts';

/** How a request is sent again. A machine that says it has no such service will not have one a second later. */
const ATTEMPTS = 5;
const ATTEMPT_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const KEY_HEADER = 'idempotency-key';
const NOT_THERE = ['ECONNREFUSED', 'ENOTFOUND', 'ERR_INVALID_URL'];
const DENIED = [401, 403];
const WITHOUT_BODY = [204, 304];

interface Waiting {
  /** How often a request is sent at most; five times otherwise. */
  readonly attempts?: number;
  /** An attempt whose answer is not there as a whole by then has failed; a minute otherwise. */
  readonly attemptMs?: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly interrupted: AbortSignal;
}

/**
 * Returns a `fetch` for the API: signed with AWS credentials, or with a name to a local cloud. It sends a request again
 * when the answer did not come, broke off or says "later", always with the same `Idempotency-Key`, the
 * given one or a new one, so that a POST is done once.
 */
export function sender(
  connection: Connection,
  { attempts = ATTEMPTS, attemptMs = ATTEMPT_MS, sleep, interrupted }: Waiting,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const body = request.body === null ? undefined : await request.text();
    const given = ownHeaders(request);
    const address = new URL(request.url);
    for (let attempt = 1; ; attempt += 1) {
      const headers = await headersFor(connection, address, { method: request.method, body, headers: given });
      const content = { method: request.method, headers, ...(body !== undefined && { body }) };
      const answer = await receive(address, content, interrupted, attemptMs).catch((error: unknown) => {
        if (interrupted.aborted) throw new CommandError('interrupted', 'interrupted');
        if (attempt === attempts || NOT_THERE.includes(networkCodeOf(error) ?? ''))
          throw unreachable(error, connection);
      });
      if (answer && DENIED.includes(answer.status) && !isLocal(address)) await forgetCredentials();
      if (answer && (attempt === attempts || !BUSY.includes(answer.status))) return answer;
      await sleep(pauseAfter(attempt, answer?.headers.get('retry-after')));
      if (interrupted.aborted) throw new CommandError('interrupted', 'interrupted');
    }
  };
}

/** The headers of a request that mean something to the API. A POST without a key gets one. */
function ownHeaders({ method, headers }: Request): Record<string, string> {
  const given = [KEY_HEADER, 'if-match'].flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { ...(method === 'POST' && { [KEY_HEADER]: randomUUID() }), ...Object.fromEntries(given) };
}

/** Makes the next request look for credentials that somebody has renewed. */
async function forgetCredentials(): Promise<void> {
  (await import('../connection/signed-headers.ts')).forgetCredentials();
}

/** Returns an answer with its whole body, so that one that breaks off is none. */
async function receive(
  address: URL,
  content: RequestInit,
  interrupted: AbortSignal,
  attemptMs: number,
): Promise<Response> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(attemptMs)]);
  const response = await fetch(address, { ...content, signal });
  const body = await response.arrayBuffer();
  const { status, statusText, headers } = response;
  return new Response(WITHOUT_BODY.includes(status) ? null : body, { status, statusText, headers });
}

/** What the answer asks for in seconds, else twice as long each time. */
function pauseAfter(attempt: number, retryAfter: string | null | undefined): number {
  const asked = Number(retryAfter ?? Number.NaN) * 1000;
  return Math.min(LONGEST_PAUSE_MS, Number.isFinite(asked) ? asked : FIRST_PAUSE_MS * 2 ** (attempt - 1));
}

interface Content {
  readonly method: string;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

async function headersFor(connection: Connection, address: URL, content: Content): Promise<Record<string, string>> {
  if (isLocal(address)) {
    const caller: Record<string, string> = connection.principal ? { [PRINCIPAL_HEADER]: connection.principal } : {};
    return { ...content.headers, ...caller, ...contentType(content.body) };
  }
  // Loaded here, because a local cloud needs none of it.
  const { signedHeaders } = await import('../connection/signed-headers.ts');
  return signedHeaders(address, connection.region, content).catch(async (error: unknown) => {
    await forgetCredentials();
    throw new CommandError('denied', `signing the request: ${error instanceof Error ? error.message : String(error)}`, {
      nextStep: 'Sign in to AWS, for example with `aws sso login`, or set AWS_PROFILE and, if it is missing, --region.',
      cause: error,
    });
  });
}
