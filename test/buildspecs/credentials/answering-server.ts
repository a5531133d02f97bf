import { createServer, type ServerResponse } from 'node:http';
import { closeServer, listenOnLoopback, readRequest } from '../../../local/door/http-server.ts';
import type { WireRequest } from '../../../local/door/wire.ts';

/** A server in the place of the credentials broker. */
export interface AnsweringServer {
  readonly url: string;
  readonly requests: readonly WireRequest[];
  close(): Promise<void>;
}

/** `lost`: the connection breaks. `silence`: no answer comes. `half`: the answer begins, but its rest does not come. */
type Answer = { readonly status: number; readonly body: object | string } | 'lost' | 'silence' | 'half';

export const CREDENTIALS = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'a-secret-access-key',
  sessionToken: 'a-session-token',
  expiration: '2099-01-01T00:00:00.000Z',
};

/** Starts a server that answers each request by its number, counted from 1. */
export async function startAnsweringServer(answer: (number: number) => Answer): Promise<AnsweringServer> {
  const requests: WireRequest[] = [];
  const server = createServer((incoming, response) => {
    readRequest(incoming).then(
      (request) => {
        requests.push(request);
        send(response, answer(requests.length));
      },
      () => response.destroy(),
    );
  });
  const port = await listenOnLoopback(server, 0);
  return { url: `http://127.0.0.1:${port}`, requests, close: () => closeServer(server) };
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer === 'lost') response.destroy();
  else if (answer === 'half') response.writeHead(200).write('{');
  else if (answer !== 'silence')
    response.writeHead(answer.status).end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
}
