import { type FaultCloud, startFaultCloud } from './fault-cloud.ts';

/** Promotions in one cloud. Each has two approvers, and a topic of mails has at most 200 subscriptions. */
const PER_CLOUD = 90;

interface Pooled {
  readonly cloud: Promise<FaultCloud>;
  used: number;
  running: number;
}

/** Gives each promotion a cloud with room for it. A cloud that is full stops with its last promotion. */
export class CloudPool {
  #newest: Pooled | undefined;

  /** Uses a cloud for one promotion. */
  async use<T>(promote: (cloud: FaultCloud) => Promise<T>): Promise<T> {
    if (!this.#newest || this.#newest.used === PER_CLOUD)
      this.#newest = { cloud: startFaultCloud(), used: 0, running: 0 };
    const pooled = this.#newest;
    pooled.used += 1;
    pooled.running += 1;
    try {
      return await promote(await pooled.cloud);
    } finally {
      pooled.running -= 1;
      if (pooled.used === PER_CLOUD && pooled.running === 0) await (await pooled.cloud).stop();
    }
  }

  /** Stops the cloud that has room. Nothing may run. */
  async stop(): Promise<void> {
    if (this.#newest && this.#newest.used < PER_CLOUD) await (await this.#newest.cloud).stop();
    this.#newest = undefined;
  }
}
