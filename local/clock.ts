/** The time that the services of the local cloud use, so that tests can control it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls `action` once at `time`; the returned function cancels the call. */
  at(time: number, action: () => void): () => void;
}

/** Longest delay of a timer in milliseconds (24.8 days). Longer ones overflow in Node.js and fire at once. */
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
    // Timers use another clock than Date.now() and may fire a moment early. The action runs only once, so the timer is
    // set again.
    const ring = (): void => (Date.now() < time ? arm() : action());
    arm();
    return () => clearTimeout(timer);
  },
};
