import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WireRequest, WireResponse } from './wire.ts';

/**
 * Listens on the loopback interface only and resolves to the port; port 0 takes any free one. Connections stay open
 * until one side closes them: by default Node.js closes them after five idle seconds, and a client that was delayed for
 * so long, for example by git on a busy machine, would get ECONNRESET for its next request.
 */
export async function listenOnLoopback(server: Server, port: number): Promise<number> {
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error & { code?: string }): void => {
      const inUse = `port ${port} of 127.0.0.1 is in use: stop what listens there, or take another port`;
      reject(error.code === 'EADDRINUSE' ? new Error(inUse, { cause: error }) : error);
    };
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', fail);
      resolve();
    });
  });
  return boundPort(server.address());
}

function boundPort(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error(`listening on 127.0.0.1: bound to "${address}"`);
  return address.port;
}

/** Returns a server that passes whole requests to `respond`; an error that `respond` throws becomes a bare 500. */
export function createWireServer(respond: (request: WireRequest) => Promise<WireResponse>): Server {
  return createServer((incoming, outgoing) => {
    readRequest(incoming)
      .then(respond)
      .catch((error: unknown): WireResponse => ({ status: 500, headers: {}, body: String(error) }))
      .then((response) => writeResponse(incoming, outgoing, response))
      .catch(() => outgoing.destroy());
  });
}

/** Reads a whole request. Headers have the form that AWS sees: lower-case names, repeated values joined by a comma. */
export async function readRequest(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const [path = '/', ...query] = (incoming.url ?? '/').split('?');
  const headers = Object.fromEntries(
    Object.entries(incoming.headersDistinct).map(([name, values]) => [
      name,
      (values ?? []).join(name === 'cookie' ? '; ' : ','),
    ]),
  );
  return {
    method: incoming.method ?? 'GET',
    path,
    query: new URLSearchParams(query.join('?')),
    headers,
    body: Buffer.concat(chunks),
  };
}

function writeResponse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, headers, body, isCut }: WireResponse,
): void {
  if (isCut && body.length === 0) {
    outgoing.destroy();
    return;
  }
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  outgoing.statusCode = status;
  if (incoming.method === 'HEAD') {
    outgoing.end();
    return;
  }
  if (!outgoing.hasHeader('content-length') && status !== 204 && status !== 304) {
    outgoing.setHeader('content-length', Buffer.byteLength(body));
  }
  if (isCut) outgoing.write(body.slice(0, body.length / 2), () => outgoing.destroy());
  else outgoing.end(body);
}

/**
 * Stops accepting connections and closes the open ones: clients of the local cloud keep connections alive for a long
 * time.
 */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
