import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

const underWay = new Set<Promise<unknown>>();

/** Notes a call of a service until it has ended. */
export async function noted<T>(call: Promise<T>): Promise<T> {
  underWay.add(call);
  try {
    return await call;
  } finally {
    underWay.delete(call);
  }
}

/**
 * Waits until every call that is noted has ended, well or not, and no other has followed, or so many milliseconds are
 * over.
 */
export async function callsEnded(mostMs: number): Promise<void> {
  const isOver = new AbortController();
  const ended = async (): Promise<void> => {
    do {
      await Promise.allSettled(underWay);
      // What waited for a call may make the next one, also when the call had ended just before this was asked.
      await turn();
    } while (underWay.size > 0 && !isOver.signal.aborted);
  };
  await Promise.race([ended(), sleep(mostMs, undefined, { signal: isOver.signal }).catch(() => undefined)]);
  isOver.abort();
}
