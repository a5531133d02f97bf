import type { WireRequest, WireResponse } from './wire.ts';

/**
 * Pages of the local cloud itself below `/local/`, on the address of the HTTP API. Keys are paths (`/local/outbox.json`);
 * a key that ends in `/` also takes every path below it, and the longest key wins.
 */
export type LocalRoutes = Readonly<Record<string, (request: WireRequest) => WireResponse | Promise<WireResponse>>>;
