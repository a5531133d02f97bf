import { NODATA, NOTFOUND, resolveNs } from 'node:dns/promises';
import type { PublicDns } from '../domain/ports.ts';
import { plainName } from '../domain/zone-record.ts';

/** Asks the resolver of the machine, which on Lambda asks the public DNS. */
export class ResolverPublicDns implements PublicDns {
  async nameServers(domain: string): Promise<readonly string[] | undefined> {
    try {
      return (await resolveNs(domain)).map(plainName);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      return code === NOTFOUND || code === NODATA ? [] : undefined;
    }
  }
}
