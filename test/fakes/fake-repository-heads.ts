import type { Heads, RepositoryHeads } from '../../lambdas/domain/ports.ts';

/** Public repositories by address, with the commits of their branches. All others are not there. */
export class FakeRepositoryHeads implements RepositoryHeads {
  readonly repositories = new Map<string, ReadonlyMap<string, string>>();
  /** Hosts that do not answer. */
  readonly down = new Set<string>();
  /** The addresses that were asked, in order. */
  readonly asked: string[] = [];

  async of(url: string): Promise<Heads> {
    this.asked.push(url);
    if (this.down.has(new URL(url).hostname)) return { kind: 'unreachable', problem: 'no answer in 1 ms' };
    const branches = this.repositories.get(url);
    return branches ? { kind: 'branches', branches } : { kind: 'refused', problem: 'answers 404' };
  }
}
