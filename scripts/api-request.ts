import * as z from 'zod';
import { contentType, isLocal, PRINCIPAL_HEADER } from '../cli/connection/connection.ts';
import { signedHeaders } from '../cli/connection/signed-headers.ts';

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
      ? { [PRINCIPAL_HEADER]: principal, ...contentType(text) }
      : await signedHeaders(address, region, content);
    const response = await fetch(address, { ...content, headers }).catch((error: unknown) => {
      throw new Error(`${method} ${address.href}: no server answers there (${reasonOf(error)})`, { cause: error });
    });
    return { status: response.status, body: parseBody(await response.text()) };
  };
}

const NoAnswerSchema = z.object({
  message: z.string(),
  // An error of several attempts has no message, only a code.
  cause: z.object({ message: z.string(), code: z.string().optional() }).optional(),
});

/** Says why nothing answered. The error of `fetch` has the reason in its cause. */
function reasonOf(error: unknown): string {
  const { data } = NoAnswerSchema.safeParse(error);
  return data ? (data.cause && (data.cause.message || data.cause.code)) || data.message : String(error);
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
