import type { Clock } from '../../local/clock.ts';

/** A clock whose time changes only when a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #timers: { readonly time: number; readonly action: () => void }[] = [];

  constructor(now = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  at(time: number, action: () => void): () => void {
    const timer = { time, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves the time by some seconds and runs everything that becomes due, each at its own time. */
  async advance(seconds: number): Promise<void> {
    const end = this.#now + seconds * 1000;
    for (;;) {
      await settled();
      const due = this.#timers.filter(({ time }) => time <= end).sort((a, b) => a.time - b.time)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.time);
      due.action();
    }
    this.#now = end;
    await settled();
  }
}

/** Waits long enough for everything that depends only on promises. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 25; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until a condition is true; the test's own timeout is the limit. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}
