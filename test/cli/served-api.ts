import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { TestApi } from '../api/test-api.ts';
import { routeOf } from '../harness/http-event.ts';

/** The real API with fakes behind it, on a port of this machine. */
export class ServedApi {
  /** Every request that came, in order. */
  readonly requests: { method: string; path: string; key: string | undefined }[] = [];
  /** Answers that are given instead of the next ones of the API. */
  readonly instead: { status: number; headers?: Record<string, string>; body?: string; breaksOff?: boolean }[] = [];
  /** The answer to every request, while there is one. */
  insteadOfAll: (typeof this.instead)[number] | undefined;
  /** What happens right before an answer of the API. */
  before: (method: string, path: string) => Promise<void> = async () => {};
  /** What happens right after; the answer is lost if this returns true. */
  after: (method: string, path: string) => Promise<boolean> = async () => false;
  readonly #server: Server;

  private constructor(api: TestApi) {
    this.#server = createServer((request, response) => {
      this.#answer(api, request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async serve(api: TestApi): Promise<ServedApi> {
    const served = new ServedApi(api);
    served.#server.listen(0, '127.0.0.1');
    await once(served.#server, 'listening');
    return served;
  }

  get url(): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(api: TestApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString();
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const { method = 'GET', headers } = request;
    // A connection that stays open keeps the process of the tests.
    response.setHeader('connection', 'close');
    const key = headers['idempotency-key'];
    this.requests.push({ method, path: pathname, key: typeof key === 'string' ? key : undefined });
    const instead = this.instead.shift() ?? this.insteadOfAll;
    if (instead) {
      response.writeHead(instead.status, instead.headers);
      if (instead.breaksOff) response.write(instead.body ?? '', () => response.destroy());
      else response.end(instead.body);
      return;
    }
    if (!routeOf(method, pathname)) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
      return;
    }
    await this.before(method, pathname);
    const caller = headers['x-local-principal'];
    const answer = await api.call(method, pathname, {
      query: Object.fromEntries(searchParams),
      ...(body !== '' && { body }),
      ...(typeof caller === 'string' && { caller }),
      headers: {
        ...(typeof key === 'string' && { 'idempotency-key': key }),
        ...(headers['if-match'] !== undefined && { 'if-match': headers['if-match'] }),
      },
    });
    if (await this.after(method, pathname)) {
      response.destroy();
      return;
    }
    response
      .writeHead(answer.status, {
        'content-type': answer.type ?? 'application/json',
        ...(typeof answer.headers.etag === 'string' && { etag: answer.headers.etag }),
      })
      .end(answer.text);
  }
}
