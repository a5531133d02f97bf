import type { WireRequest, WireResponse } from './wire.ts';

/**
 * The local cloud's own pages below `/local/`, on the address of the HTTP API. Keys are paths (`/local/outbox.json`). A
 * key that ends in `/` also matches every path below it, and the longest key wins.
 */
export type LocalRoutes = Readonly<Record<string, (request: WireRequest) => WireResponse | Promise<WireResponse>>>;
