import { SNSClient } from '@aws-sdk/client-sns';
import * as z from 'zod';

interface AuditApi {
  readonly url: string;
  readonly application: string;
  readonly region: string | undefined;
  readonly principal: string;
}

/** Thrown when the API cannot show a stored entry, because the stored data is not a valid entry. */
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
  /** Undefined when the API cannot show even the first entry. */
  readonly head?: Page['head'];
  readonly entries: AsyncIterable<unknown>;
}

/** Reads the audit from the API, oldest entry first, page by page. */
export async function readAudit(api: AuditApi): Promise<ReadAudit> {
  const base = new URL(api.url).pathname.replace(/\/$/, '');
  const path = `${base}/applications/${encodeURIComponent(api.application)}/audit`;
  const get = requester(api);
  const page = await readPage(get, path, { limit: '1' });
  return { ...(page && { head: page.head }), entries: pagesOf(get, path) };
}

type Get = (path: string, query: Record<string, string>) => Promise<{ status: number; body: unknown }>;

/** Reads a page. Returns undefined when the API fails on one of its entries. */
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
    // When an entry of the page cannot be shown, the entries before it are read one by one.
    const page =
      (await readPage(get, path, { limit: String(PAGE), ...at })) ?? (await readPage(get, path, { limit: '1', ...at }));
    if (!page) throw new AuditUnreadableError('the API cannot read it');
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

function requester({ url, region, principal }: AuditApi): Get {
  const { origin } = new URL(url);
  return async (path, query) => {
    const address = new URL(`${origin}${path}?${new URLSearchParams(query)}`);
    const headers = isLocal(address) ? { 'x-local-principal': principal } : await signedHeaders(address, region);
    const response = await fetch(address, { headers });
    return { status: response.status, body: parseBody(await response.text()) };
  };
}

/** Returns whether the address is that of a local cloud, which expects a name instead of a signature. */
const isLocal = ({ hostname }: URL): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);

/** Signs a GET with Signature Version 4, with the AWS credentials that the SDK finds. Returns the headers. */
export async function signedHeaders(address: URL, given: string | undefined): Promise<Record<string, string>> {
  const { protocol, hostname, host, pathname: path, searchParams } = address;
  const region = given ?? /\.execute-api\.([a-z0-9-]+)\./.exec(hostname)?.[1];
  // Any client of the SDK has a signer. The service of this client is not called.
  const { config } = new SNSClient(region === undefined ? {} : { region });
  const scheme = { signingName: 'execute-api', signingRegion: await config.region(), properties: {} };
  const signer = await config.signer({ name: 'sigv4', ...scheme });
  const query = Object.fromEntries(searchParams);
  return (await signer.sign({ method: 'GET', protocol, hostname, path, query, headers: { host } })).headers;
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
