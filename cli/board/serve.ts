import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { CommandError } from '../output/command-error.ts';
import type { Board } from './board.ts';
import { GUARDED } from './door/answers.ts';
import { Connections } from './door/connections.ts';
import type { BoardAnswer, BoardRequest } from './door/messages.ts';

/** The longest form that a page of the board sends is far shorter. */
const MOST_BYTES = 64 * 1024;

export interface Served {
  /** `http://127.0.0.1:` and the port. */
  readonly origin: string;
  stop(): Promise<void>;
}

/**
 * Serves a board on a port of this machine that no other machine reaches; any free port without a number. `complain` is
 * told what went wrong with a request. Throws CommandError when the port is taken.
 */
export async function serveBoard(
  board: Board,
  { port = 0, complain }: { readonly port?: number | undefined; readonly complain: (error: unknown) => void },
): Promise<Served> {
  const connections = new Connections();
  const server = createServer((incoming, outgoing) => {
    connections.answering(incoming.socket, outgoing);
    answer(board, incoming)
      .catch((error: unknown) => {
        complain(error);
        const body = 'the board has failed; its terminal says why\n';
        return { status: 500, headers: { ...GUARDED, 'content-type': 'text/plain' }, body };
      })
      .then((given) => write(outgoing, incoming.method === 'HEAD', given))
      .catch(() => outgoing.destroy());
  });
  server.on('connection', (socket: Socket) => connections.opened(socket));
  // A window asks every few seconds; a connection that the server closes meanwhile would fail the next question.
  server.keepAliveTimeout = 0;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: unknown) => {
    throw new CommandError('usage', `port ${port}: ${String(error).replace(/^Error: /, '')}`, {
      nextStep: 'Give another with --port, or none for any that is free.',
      cause: error,
    });
  });
  return { origin: originOf(server), stop: () => connections.end(server) };
}

function originOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the board does not listen');
  return `http://127.0.0.1:${address.port}`;
}

async function answer(board: Board, incoming: IncomingMessage): Promise<BoardAnswer> {
  const body = await bodyOf(incoming);
  if (body === undefined) return { status: 413, headers: { ...GUARDED, connection: 'close' }, body: '' };
  return board.respond(requestOf(incoming, body));
}

/** Returns the body, or undefined when it is too long. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming) {
    const chunk = Buffer.from(part);
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return undefined;
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

function requestOf({ method = 'GET', url = '/', headers }: IncomingMessage, body: Buffer): BoardRequest {
  const [path = '/', ...query] = url.split('?');
  const singles = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );
  return { method, path, query: new URLSearchParams(query.join('?')), headers: Object.fromEntries(singles), body };
}

function write(outgoing: ServerResponse, isHead: boolean, { status, headers, body }: BoardAnswer): void {
  outgoing.writeHead(status, headers);
  outgoing.end(isHead ? undefined : body);
}
