import { setTimeout as sleep } from 'node:timers/promises';
import type { Board } from '../../cli/board/board.ts';
import { newSecret, startPath } from '../../cli/board/door/access.ts';
import type { LocalRoutes } from '../door/local-route.ts';
import type { LocalService } from '../services/local-service.ts';

const BASE = '/local/board';

export interface BoardService extends LocalService {
  /** The path that lets its reader in, with the secret. */
  readonly startPath: string;
  readonly localRoutes: LocalRoutes;
}

/** Serves the board of the command line for this local cloud. `apiUrl` is known once the gateway listens. */
export function createBoardService(apiUrl: () => string): BoardService {
  const secret = newSecret();
  const interruption = new AbortController();
  const { signal } = interruption;
  let board: Promise<Board> | undefined;

  // Loaded with the first request, because most local clouds of tests get none.
  async function make(): Promise<Board> {
    const { createBoard } = await import('../../cli/board/board.ts');
    return createBoard({
      connection: { url: apiUrl(), region: undefined, principal: undefined, from: 'the local cloud' },
      ...{ base: BASE, secret },
      times: { now: () => new Date(), clock: () => performance.now() },
      waiting: { interrupted: signal, sleep: (ms) => sleep(ms, undefined, { signal, ref: false }).catch(() => {}) },
    });
  }

  const respond: LocalRoutes[string] = async (request) => {
    board ??= make();
    return (await board).respond(request);
  };
  return {
    startPath: startPath({ base: BASE, secret }),
    localRoutes: { [BASE]: respond, [`${BASE}/`]: respond },
    provisioners: {},
    stop: () => interruption.abort(),
  };
}
