import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PublicDns } from '../../lambdas/domain/ports.ts';

interface Open {
  readonly dns: PublicDns;
  readonly delegated: string;
  readonly servers: readonly string[];
}

/** What everything that calls itself PublicDns must do; `undelegated.example` is a domain nobody delegates. */
export function describePublicDns(name: string, open: () => Promise<Open>): void {
  describe(name, () => {
    let { dns, delegated, servers }: Open = {} as Open;
    beforeAll(async () => {
      ({ dns, delegated, servers } = await open());
    });

    test('names the servers a domain is delegated to, in lower case and without a dot', async () => {
      expect([...((await dns.nameServers(delegated)) ?? [])].sort()).toEqual([...servers].sort());
    });

    test('names none for a domain that is not delegated', async () => {
      expect(await dns.nameServers('undelegated.example')).toEqual([]);
    });
  });
}
