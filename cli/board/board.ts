import type { Connection } from '../connection/connection.ts';
import { CommandError } from '../output/command-error.ts';
import { ask, carryOut } from './actions/carry-out.ts';
import { Access } from './door/access.ts';
import { asset, pageAnswer, redirect } from './door/answers.ts';
import { apisOf, type Waiting } from './door/apis.ts';
import { startedElsewhere, whyNot } from './door/lone-pages.ts';
import type { BoardAnswer, BoardRequest } from './door/messages.ts';
import { SCRIPT, STYLESHEET } from './frame/assets.ts';
import { noSuchPage, problemPage } from './frame/problem-page.ts';
import { Pages } from './pages.ts';
import type { Times } from './reading/memory.ts';
import { routeOf } from './routes.ts';

interface BoardProps {
  /** The API, and who asks it. */
  readonly connection: Connection;
  /** The path below which the board is served, without a slash at the end. */
  readonly base: string;
  /** Lets its reader in; at least 128 random bits. */
  readonly secret: string;
  readonly times: Times;
  readonly waiting: Waiting;
}

/** The board, whoever serves it. */
export interface Board {
  respond(request: BoardRequest): Promise<BoardAnswer>;
}

const METHODS = ['GET', 'HEAD', 'POST'];

/**
 * Makes a board: pages that show what the API knows, for the one who has the secret. Browsers get pages and send forms;
 * only the board itself asks the API, and only for the operations in `door/operations.ts`.
 */
export function createBoard({ connection, base, secret, times, waiting }: BoardProps): Board {
  const access = new Access({ base, secret });
  const apis = apisOf(connection, waiting);
  const pages = new Pages(apis.reading, times);

  async function respond(request: BoardRequest): Promise<BoardAnswer> {
    const { method, path, query } = request;
    const objection = METHODS.includes(method) ? access.objection(request) : `${method} is not understood here`;
    if (objection !== undefined) return whyNot(objection);
    if (path !== base && !path.startsWith(`${base}/`)) return whyNot('its address is none of the board');
    const below = path.slice(base.length);
    if (below === '/start' && method !== 'POST') {
      const cookie = access.cookieFor(query.get('secret') ?? '');
      return cookie === undefined ? startedElsewhere() : redirect(`${base}/`, { 'set-cookie': cookie });
    }
    if (!access.isIn(request)) return startedElsewhere();
    if (below === '') return redirect(`${base}/`);
    if (below === '/board.css') return asset(request, 'text/css; charset=utf-8', STYLESHEET);
    if (below === '/board.js') return asset(request, 'text/javascript; charset=utf-8', SCRIPT);
    return answerPage(request, below);
  }

  async function answerPage(request: BoardRequest, below: string): Promise<BoardAnswer> {
    const scene = { base, now: times.now() };
    const route = routeOf(below);
    const isForm = request.method === 'POST';
    if (!route || (isForm && route.page !== 'action')) return pageAnswer(request, base, noSuchPage(scene), 404);
    try {
      if (route.page !== 'action') return pageAnswer(request, base, await pages.show(scene, route, request.query));
      const done = isForm
        ? await carryOut(apis, scene, route, request)
        : await ask(apis.reading, scene, route, request.query);
      if (isForm) pages.forget();
      return typeof done === 'string' ? redirect(done) : pageAnswer(request, base, done.page, done.status);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const { page, status } = problemPage(scene, error);
      return pageAnswer(request, base, page, status);
    }
  }

  return { respond };
}
