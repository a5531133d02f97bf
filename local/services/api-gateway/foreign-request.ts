import type { WireRequest } from '../../door/wire.ts';

/** Names under which a browser on this machine reaches the gateway; any other one points here by a foreign DNS record. */
const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** A web site must neither make a browser act as the administrator here nor read from here under a name of its own. */
export function isForeign({ method, headers }: WireRequest): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (!LOOPBACK_HOSTS.has(host)) return true;
  const site = headers['sec-fetch-site'];
  const isSafe = method === 'GET' || method === 'HEAD';
  return !isSafe && (site === 'cross-site' || site === 'same-site');
}
