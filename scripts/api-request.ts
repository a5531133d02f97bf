import { SNSClient } from '@aws-sdk/client-sns';
import * as z from 'zod';

/** Where the API is, and who calls it. */
export interface ApiAccess {
  readonly url: string;
  readonly region: string | undefined;
  /** Caller in the local cloud, which expects a name instead of a signature. */
  readonly principal: string;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** Path below the address of the API: `/applications`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  /** The parsed body, or its text if it is no JSON. */
  readonly body: unknown;
}

export type SendRequest = (request: ApiRequest) => Promise<ApiAnswer>;

/** Returns a function that sends requests to the API: signed with AWS credentials, or with a name to a local cloud. */
export function apiClient({ url, region, principal }: ApiAccess): SendRequest {
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/$/, '');
  return async ({ method, path, query = {}, body }) => {
    const search = new URLSearchParams(query).toString();
    const address = new URL(`${origin}${base}${path}${search === '' ? '' : `?${search}`}`);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const content = text === undefined ? { method } : { method, body: text };
    const headers = isLocal(address)
      ? { 'x-local-principal': principal, ...contentType(text) }
      : await signedHeaders(address, region, content);
    const response = await fetch(address, { ...content, headers }).catch((error: unknown) => {
      throw new Error(`${method} ${address.href}: ${reasonOf(error)}`, { cause: error });
    });
    return { status: response.status, body: parseBody(await response.text()) };
  };
}

const NoAnswerSchema = z.object({ message: z.string(), cause: z.object({ message: z.string() }).optional() });

/** Says why nothing answered. The error of `fetch` has the reason in its cause. */
function reasonOf(error: unknown): string {
  const { data } = NoAnswerSchema.safeParse(error);
  return data ? [data.message, data.cause?.message].filter((text) => text !== undefined).join(', ') : String(error);
}

/** Returns whether the address is that of a local cloud, which expects a name instead of a signature. */
const isLocal = ({ hostname }: URL): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);

const contentType = (body: string | undefined): Record<string, string> =>
  body === undefined ? {} : { 'content-type': 'application/json' };

/**
 * Signs a request with Signature Version 4, with the AWS credentials that the SDK finds. Returns the headers, to be
 * sent with exactly this body.
 */
export async function signedHeaders(
  address: URL,
  given: string | undefined,
  { method, body }: { readonly method: string; readonly body?: string } = { method: 'GET' },
): Promise<Record<string, string>> {
  const { protocol, hostname, host, pathname: path, searchParams } = address;
  const region = given ?? /\.execute-api\.([a-z0-9-]+)\./.exec(hostname)?.[1];
  // Any client of the SDK has a signer. The service of this client is not called.
  const { config } = new SNSClient(region === undefined ? {} : { region });
  const scheme = { signingName: 'execute-api', signingRegion: await config.region(), properties: {} };
  const signer = await config.signer({ name: 'sigv4', ...scheme });
  const query = Object.fromEntries(searchParams);
  const headers = { host, ...contentType(body) };
  return (await signer.sign({ method, protocol, hostname, path, query, headers, ...(body !== undefined && { body }) }))
    .headers;
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
