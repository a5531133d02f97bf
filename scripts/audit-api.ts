import * as z from 'zod';
import { type ApiAccess, apiClient, type SendRequest } from './api-request.ts';

interface AuditApi extends ApiAccess {
  readonly application: string;
}

/** Thrown when the API cannot show a stored entry, because the stored data is not a valid entry. */
export class AuditUnreadableError extends Error {
  override readonly name = 'AuditUnreadableError';
}

const PageSchema = z.object({
  items: z.array(z.unknown()),
  nextCursor: z.string().optional(),
  skipped: z.int().optional(),
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
  const path = `/applications/${encodeURIComponent(api.application)}/audit`;
  const send = apiClient(api);
  const page = await readPage(send, path, { limit: '1' });
  return { ...(page && { head: page.head }), entries: pagesOf(send, path) };
}

/** Reads a page. Returns undefined when the API cannot read one of its entries. */
async function readPage(send: SendRequest, path: string, query: Record<string, string>): Promise<Page | undefined> {
  const { status, body } = await send({ method: 'GET', path, query });
  if (status === 500) return undefined;
  const page = PageSchema.safeParse(body);
  if (status !== 200 || !page.success) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`);
  return page.data.skipped ? undefined : page.data;
}

async function* pagesOf(send: SendRequest, path: string): AsyncGenerator<unknown> {
  let cursor: string | undefined;
  do {
    const at = cursor === undefined ? undefined : { cursor };
    // When an entry of the page cannot be shown, the entries before it are read one by one.
    const page =
      (await readPage(send, path, { limit: String(PAGE), ...at })) ??
      (await readPage(send, path, { limit: '1', ...at }));
    if (!page) throw new AuditUnreadableError('the API cannot read it');
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}
