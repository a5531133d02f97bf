import type { StateAddress } from '../../lambdas/domain/contract/state-address.ts';
import type { StateHead } from '../../lambdas/domain/contract/state-head.ts';
import { StateUnreadableError } from '../../lambdas/domain/errors.ts';
import type { Environment } from '../../lambdas/domain/model/environment.ts';
import type { StateReader } from '../../lambdas/domain/ports.ts';

/** Terraform states as far as their heads go, and how much is in them. */
export class FakeStateReader implements StateReader {
  readonly #heads = new Map<string, StateHead>();
  /** Resources in each state, by its key. */
  readonly contents = new Map<string, number>();
  /** Nothing can be read while this says why. */
  unreadable: Error | string | undefined;

  /** The same states, which change by themselves from here on. */
  copy(): FakeStateReader {
    const copy = new FakeStateReader();
    copy.unreadable = this.unreadable;
    for (const [address, head] of this.#heads) copy.#heads.set(address, head);
    for (const [key, resources] of this.contents) copy.contents.set(key, resources);
    return copy;
  }

  async head(_: Environment, address: StateAddress): Promise<StateHead | null> {
    this.#requireReadable();
    return this.headAt(address);
  }

  async countResources(_: Environment, { key }: StateAddress): Promise<number> {
    this.#requireReadable();
    return this.contents.get(key) ?? 0;
  }

  headAt({ bucket, key }: Pick<StateAddress, 'bucket' | 'key'>): StateHead | null {
    return this.#heads.get(`${bucket}/${key}`) ?? null;
  }

  /** An apply, ours or anybody's, leaves the next version. */
  change(address: Pick<StateAddress, 'bucket' | 'key'>): void {
    const { serial, lineage } = this.headAt(address) ?? { serial: 0, lineage: `of ${address.key}` };
    this.#heads.set(`${address.bucket}/${address.key}`, { serial: serial + 1, lineage });
  }

  #requireReadable(): void {
    if (this.unreadable === undefined) return;
    throw typeof this.unreadable === 'string' ? new StateUnreadableError(this.unreadable) : this.unreadable;
  }
}
