import type { Page } from 'playwright-core';
import { type Board, createBoard } from '../../../cli/board/board.ts';
import { startPath } from '../../../cli/board/door/access.ts';
import type { BoardAnswer } from '../../../cli/board/door/messages.ts';
import { type Served, serveBoard } from '../../../cli/board/serve.ts';
import { PipelineWorld } from '../../api/pipeline-world.ts';
import type { TestApi } from '../../api/test-api.ts';
import { ServedApi } from '../served-api.ts';

export const SECRET = 'the-secret-of-the-test-0123456789abcdefghij';
export const BASE = '/b';

/** A board in front of the real API with fakes behind it, each on a port of this machine. */
export class BoardWorld<Api extends TestApi = PipelineWorld> {
  readonly api: Api;
  readonly served: ServedApi;
  readonly board: Board;
  /** What the board said about requests that it could not answer. */
  readonly complaints: unknown[] = [];
  #milliseconds = 0;
  #serving: Served | undefined;

  private constructor(api: Api, served: ServedApi) {
    this.api = api;
    this.served = served;
    this.board = createBoard({
      connection: { url: served.url, region: undefined, principal: undefined, from: 'the test' },
      ...{ base: BASE, secret: SECRET },
      times: { now: () => new Date(api.surroundings.now()), clock: () => this.#milliseconds },
      waiting: { sleep: async () => {}, interrupted: new AbortController().signal },
    });
  }

  static async create(): Promise<BoardWorld> {
    return BoardWorld.around(await PipelineWorld.create());
  }

  /** Puts a board in front of an API that is there already. */
  static async around<Api extends TestApi>(api: Api): Promise<BoardWorld<Api>> {
    return new BoardWorld(api, await ServedApi.serve(api));
  }

  /** Lets so many milliseconds go by: what was read a second ago is read again. */
  pass(milliseconds = 2000): void {
    this.#milliseconds += milliseconds;
  }

  /** Serves the board for browsers. Returns its origin. */
  async serve(): Promise<string> {
    this.#serving ??= await serveBoard(this.board, { complain: (error) => this.complaints.push(error) });
    return this.#serving.origin;
  }

  /** Lets a window in, and shows a page below the board. */
  async open(page: Page, path = '/'): Promise<void> {
    const origin = await this.serve();
    await page.goto(`${origin}${startPath({ base: BASE, secret: SECRET })}`);
    if (path !== '/') await page.goto(`${origin}${BASE}${path}`);
  }

  /** Sends a request to the board without a browser, as one that was let in if nothing else is said. */
  async ask(
    path: string,
    {
      method = 'GET',
      headers = {},
      form,
    }: { method?: string; headers?: Record<string, string>; form?: Record<string, string> } = {},
  ): Promise<BoardAnswer & { readonly text: string }> {
    const [below = '', query = ''] = path.split('?');
    const answer = await this.board.respond({
      method,
      path: `${BASE}${below}`,
      query: new URLSearchParams(query),
      headers: {
        host: '127.0.0.1:4800',
        cookie: await this.cookie(),
        ...(method === 'POST' && { origin: 'http://127.0.0.1:4800' }),
        ...headers,
      },
      body: Buffer.from(form ? new URLSearchParams(form).toString() : ''),
    });
    return { ...answer, text: answer.body.toString() };
  }

  /** The cookie that the start address gives. */
  async cookie(): Promise<string> {
    const answer = await this.board.respond({
      ...{ method: 'GET', path: `${BASE}/start`, headers: { host: '127.0.0.1:4800' }, body: Buffer.alloc(0) },
      query: new URLSearchParams({ secret: SECRET }),
    });
    return answer.headers['set-cookie']?.split(';')[0] ?? '';
  }

  async stop(): Promise<void> {
    await this.#serving?.stop();
    await this.served.stop();
  }
}
