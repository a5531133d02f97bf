import type { LocalRoutes } from '../../door/local-route.ts';
import type { WireRequest } from '../../door/wire.ts';
import { isForeign } from './foreign-request.ts';
import { type GatewayResponse, gatewayMessage } from './payload.ts';

export const isLocalPath = (path: string): boolean => path.startsWith('/local/') || path === '/local';

/** Answers a request to a page of the local cloud, which is not part of the API; the longest prefix wins. */
export async function respondLocalPage(request: WireRequest, pages: LocalRoutes): Promise<GatewayResponse> {
  if (isForeign(request)) return gatewayMessage(403, 'Forbidden');
  const isMeant = (key: string) => request.path === key || (key.endsWith('/') && request.path.startsWith(key));
  const key = Object.keys(pages)
    .filter(isMeant)
    .sort((a, b) => b.length - a.length)[0];
  const handler = key === undefined ? undefined : pages[key];
  if (!handler) return gatewayMessage(404, 'Not Found');
  const { status, headers, body } = await handler(request);
  return { status, headers, cookies: [], body: Buffer.from(body) };
}
