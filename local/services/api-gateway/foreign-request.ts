import type { WireRequest } from '../../door/wire.ts';

/**
 * Host names with which a browser on this machine reaches the gateway. With any other name, a foreign DNS record points
 * here.
 */
const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Returns whether a request comes from a foreign web site. Such a site must not make a browser act as the
 * administrator, and must not read from the gateway under its own name.
 */
export function isForeign({ method, headers }: WireRequest): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (!LOOPBACK_HOSTS.has(host)) return true;
  const site = headers['sec-fetch-site'];
  const isSafe = method === 'GET' || method === 'HEAD';
  return !isSafe && (site === 'cross-site' || site === 'same-site');
}
