import type { PublicDns } from '../../lambdas/domain/ports.ts';

/** Delegations as everybody sees them. */
export class FakePublicDns implements PublicDns {
  readonly delegations = new Map<string, readonly string[]>();
  /** Nobody can be asked. */
  isUnreachable = false;

  async nameServers(domain: string): Promise<readonly string[] | undefined> {
    return this.isUnreachable ? undefined : (this.delegations.get(domain) ?? []);
  }
}
