import { type Clock, systemClock } from '../../local/clock.ts';

/** The real time, which a test can move forward. */
export class HurriedClock implements Clock {
  #aheadMs = 0;
  readonly #rearms = new Set<() => void>();

  now(): number {
    return systemClock.now() + this.#aheadMs;
  }

  at(time: number, action: () => void): () => void {
    let disarm: () => void;
    const arm = (): void => {
      disarm = systemClock.at(time - this.#aheadMs, () => {
        this.#rearms.delete(rearm);
        action();
      });
    };
    const rearm = (): void => {
      disarm();
      arm();
    };
    this.#rearms.add(rearm);
    arm();
    return () => {
      this.#rearms.delete(rearm);
      disarm();
    };
  }

  /** Moves the time forward: everything that is due within `ms` becomes due now. */
  hurry(ms: number): void {
    this.#aheadMs += ms;
    for (const rearm of this.#rearms) rearm();
  }
}
