import type { StateAddress } from '../../lambdas/domain/deployment.ts';
import type { Environment } from '../../lambdas/domain/environment.ts';
import type { StateReader } from '../../lambdas/domain/ports.ts';
import type { StateHead } from '../../lambdas/domain/state-head.ts';

/** Terraform states as far as their heads go. */
export class FakeStateReader implements StateReader {
  readonly #heads = new Map<string, StateHead>();

  async head(_: Environment, address: StateAddress): Promise<StateHead | null> {
    return this.headAt(address);
  }

  headAt({ bucket, key }: Pick<StateAddress, 'bucket' | 'key'>): StateHead | null {
    return this.#heads.get(`${bucket}/${key}`) ?? null;
  }

  /** An apply, ours or anybody's, leaves the next version. */
  change(address: Pick<StateAddress, 'bucket' | 'key'>): void {
    const { serial, lineage } = this.headAt(address) ?? { serial: 0, lineage: `of ${address.key}` };
    this.#heads.set(`${address.bucket}/${address.key}`, { serial: serial + 1, lineage });
  }
}
