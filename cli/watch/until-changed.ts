import { isLocal } from '../connection/connection.ts';
import type { Session } from '../frame/session.ts';
import { CommandError } from '../output/command-error.ts';

const PAUSE_MS = { local: 500, remote: 3000 };
/** An outage that lasts longer ends a watch. */
const PATIENCE_MS = 10 * 60_000;

/**
 * Calls `look` again and again until it returns something, or the command is interrupted. While the API does not answer,
 * it says so once and goes on.
 */
export async function watchUntil<Result>(session: Session, look: () => Promise<Result | undefined>): Promise<Result> {
  const { interrupted, sleep, now } = session.surroundings;
  const pause = isLocal(new URL(session.api.connection.url)) ? PAUSE_MS.local : PAUSE_MS.remote;
  let silentSince: number | undefined;
  while (!interrupted.aborted) {
    try {
      const result = await look();
      if (result !== undefined) return result;
      if (silentSince !== undefined) session.note('The API answers again.');
      silentSince = undefined;
    } catch (error) {
      if (!(error instanceof CommandError) || error.ending !== 'unreachable') throw error;
      if (silentSince === undefined) session.note(`${error.message}. Trying again …`);
      silentSince ??= now().getTime();
      if (now().getTime() - silentSince > PATIENCE_MS) throw error;
    }
    await sleep(pause);
  }
  throw new CommandError('interrupted', 'interrupted');
}
