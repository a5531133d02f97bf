/** Time as the local cloud's services see it, so that tests can decide it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls `action` once when the time has come; the function it returns takes that back. */
  at(time: number, action: () => void): () => void;
}

/** Timers of Node.js overflow, and fire at once, beyond this many milliseconds (24.8 days). */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The real time. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(time, action) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      timer = setTimeout(ring, Math.min(Math.max(time - Date.now(), 0), MAX_TIMER_MS));
      timer.unref();
    };
    // Timers follow another clock than Date.now() and may be a moment early; nobody would look a second time.
    const ring = (): void => (Date.now() < time ? arm() : action());
    arm();
    return () => clearTimeout(timer);
  },
};
