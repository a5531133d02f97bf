import { text } from 'node:stream/consumers';
import { types } from 'node:util';
import { Sha256 } from '@smithy/core/checksum';
import { HttpRequest } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import pRetry from 'p-retry';
import * as z from 'zod';
import {
  type BuildCredentials,
  CREDENTIALS_ROUTE,
  CredentialsAnswerSchema,
  type CredentialsRequestSchema,
  parseTicket,
} from '../../../lambdas/domain/contract/build-credentials.ts';
import { type CredentialsBroker, CredentialsError } from './broker.ts';

/** Limits for asking a broker that does not answer, or answers that it cannot. */
export interface Patience {
  /** Milliseconds for one answer. */
  readonly requestTimeoutMs: number;
  readonly retries: number;
  /** Delay before the first retry. It doubles before each further one, and a random factor up to two lengthens each. */
  readonly firstDelayMs: number;
  /** Milliseconds after which no retry begins. */
  readonly longestMs: number;
}

export interface SignedBrokerProps {
  /** URL of the control plane's API, without a trailing slash. */
  readonly apiUrl: string;
  /** Region of the API. */
  readonly region: string;
  /** Credentials that sign requests: those of the build's own role. */
  readonly credentials: ConstructorParameters<typeof SignatureV4>[0]['credentials'];
  readonly request: z.output<typeof CredentialsRequestSchema>;
  readonly patience: Patience;
}

/** Returns the broker behind the control plane's API. It repeats lost requests, as the ticket belongs to this build. */
export function signedBroker({ apiUrl, region, credentials, request, patience }: SignedBrokerProps): CredentialsBroker {
  const url = new URL(`${apiUrl}${CREDENTIALS_ROUTE.path}`);
  const body = JSON.stringify(request);
  const { secret } = parseTicket(request.ticket);
  const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 });
  const http = new NodeHttpHandler();

  async function ask(stop: AbortSignal | undefined): Promise<{ readonly status: number; readonly answer: string }> {
    const signed = await signer.sign(
      new HttpRequest({
        method: CREDENTIALS_ROUTE.method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        ...(url.port && { port: Number(url.port) }),
        body,
        headers: {
          host: url.host,
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
        },
      }),
    );
    const { response } = await http.handle(HttpRequest.clone(signed), {
      // Covers the answer up to its last byte.
      abortSignal: AbortSignal.any([AbortSignal.timeout(patience.requestTimeoutMs), ...(stop ? [stop] : [])]),
    });
    return { status: response.statusCode, answer: await text(response.body) };
  }

  async function attempt(stop: AbortSignal | undefined): Promise<BuildCredentials> {
    const { status, answer } = await ask(stop).catch((cause) => {
      const message = `the credentials broker could not be reached (${nameOf(cause)})`;
      throw new CredentialsError('credentials-unavailable', message, { cause });
    });
    return understand(status, answer, secret);
  }

  return {
    redeem: (stop) =>
      pRetry(() => attempt(stop), {
        ...(stop && { signal: stop }),
        retries: patience.retries,
        minTimeout: patience.firstDelayMs,
        randomize: true,
        maxRetryTime: patience.longestMs,
        shouldRetry: ({ error }) => !isRefusal(error),
      }),
  };
}

/** Returns the name of an error, which is all that may be shown: its text could contain anything. */
function nameOf(error: unknown): string {
  if (!types.isNativeError(error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

const isRefusal = (error: Error): boolean =>
  error instanceof CredentialsError && error.reason === 'credentials-refused';

const TOO_MANY_REQUESTS = 429;

function understand(status: number, answer: string, secret: string): BuildCredentials {
  if (status === 200) {
    const parsed = AnswerTextSchema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new CredentialsError('credentials-unavailable', 'the answer of the credentials broker is unreadable');
  }
  if (status < 400 || status >= 500 || status === TOO_MANY_REQUESTS)
    throw new CredentialsError('credentials-unavailable', `the credentials broker answered with HTTP ${status}`);
  const detail = ProblemTextSchema.safeParse(answer).data?.detail;
  const why = detail === undefined || detail.includes(secret) ? `HTTP ${status}` : detail;
  throw new CredentialsError('credentials-refused', `the credentials broker refused this build: ${why}`);
}

const JsonTextSchema = z.string().transform((given, context): unknown => {
  try {
    return JSON.parse(given);
  } catch {
    context.issues.push({ code: 'custom', message: 'not JSON', input: undefined });
    return z.NEVER;
  }
});
const AnswerTextSchema = JsonTextSchema.pipe(CredentialsAnswerSchema);
/** Only a detail of one short line is shown to people. */
const ProblemTextSchema = JsonTextSchema.pipe(z.object({ detail: z.string().regex(/^\P{C}{1,300}$/u) }));
