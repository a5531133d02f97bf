import { SNSClient } from '@aws-sdk/client-sns';
import * as z from 'zod';

interface AuditApi {
  readonly url: string;
  readonly application: string;
  readonly region: string | undefined;
  readonly principal: string;
}

/** The API would not show an entry that it has: what is stored there is no entry. */
export class AuditUnreadableError extends Error {
  override readonly name = 'AuditUnreadableError';
}

const PageSchema = z.object({
  items: z.array(z.unknown()),
  nextCursor: z.string().optional(),
  head: z.object({ sequence: z.int(), hash: z.string() }),
});
type Page = z.infer<typeof PageSchema>;

const PAGE = 100;

interface ReadAudit {
  /** Absent when the API could not even show the first entry. */
  readonly head?: Page['head'];
  readonly entries: AsyncIterable<unknown>;
}

/** The audit as the API answers it, oldest entry first, page by page. */
export async function readAudit(api: AuditApi): Promise<ReadAudit> {
  const base = new URL(api.url).pathname.replace(/\/$/, '');
  const path = `${base}/applications/${encodeURIComponent(api.application)}/audit`;
  const get = requester(api);
  const page = await readPage(get, path, { limit: '1' });
  return { ...(page && { head: page.head }), entries: pagesOf(get, path) };
}

type Get = (path: string, query: Record<string, string>) => Promise<{ status: number; body: unknown }>;

/** Undefined when the API fails on one of the page's entries. */
async function readPage(get: Get, path: string, query: Record<string, string>): Promise<Page | undefined> {
  const { status, body } = await get(path, query);
  if (status === 500) return undefined;
  const page = PageSchema.safeParse(body);
  if (status !== 200 || !page.success) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`);
  return page.data;
}

async function* pagesOf(get: Get, path: string): AsyncGenerator<unknown> {
  let cursor: string | undefined;
  do {
    const at = cursor === undefined ? undefined : { cursor };
    // Where one of the page cannot be shown, those before it can, one by one.
    const page =
      (await readPage(get, path, { limit: String(PAGE), ...at })) ?? (await readPage(get, path, { limit: '1', ...at }));
    if (!page) throw new AuditUnreadableError('the API cannot read it');
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

/** Signs requests with the caller's AWS credentials, as the SDK finds them; the local cloud wants a name instead. */
function requester({ url, region: given, principal }: AuditApi): Get {
  const { origin, hostname, protocol, host } = new URL(url);
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  const region = given ?? /\.execute-api\.([a-z0-9-]+)\./.exec(hostname)?.[1];
  // Any client of the SDK has the signer of Signature Version 4; its own service is not called.
  const client = new SNSClient(region === undefined ? {} : { region });
  return async (path, query) => {
    const address = `${origin}${path}?${new URLSearchParams(query)}`;
    const signed = isLocal
      ? { headers: { 'x-local-principal': principal } }
      : await (
          await client.config.signer({
            name: 'sigv4',
            signingName: 'execute-api',
            signingRegion: await client.config.region(),
            properties: {},
          })
        ).sign({ method: 'GET', protocol, hostname, path, query, headers: { host } });
    const response = await fetch(address, { headers: signed.headers });
    return { status: response.status, body: parseBody(await response.text()) };
  };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
