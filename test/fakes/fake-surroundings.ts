import { createHash } from 'node:crypto';
import type { Surroundings } from '../../lambdas/domain/ports.ts';

/** A clock that stands still until it is advanced, and chance that repeats itself from run to run. */
export class FakeSurroundings implements Surroundings {
  readonly installation: string;
  #time: number;
  #drawn = 0;

  constructor(start = '2026-11-23T10:00:00.000Z', installation = 'stagegate') {
    this.installation = installation;
    this.#time = Date.parse(start);
  }

  now(): string {
    return new Date(this.#time).toISOString();
  }

  randomHex(digits: number): string {
    this.#drawn += 1;
    return createHash('sha256').update(String(this.#drawn)).digest('hex').slice(0, digits);
  }

  /** The same moment, and the same chance from here on. */
  copy(): FakeSurroundings {
    const copy = new FakeSurroundings(this.now(), this.installation);
    copy.#drawn = this.#drawn;
    return copy;
  }

  advance(seconds: number): void {
    this.#time += seconds * 1000;
  }
}
