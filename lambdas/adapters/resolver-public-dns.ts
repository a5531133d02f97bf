import dns, { NODATA, NOTFOUND } from 'node:dns/promises';
import { plainName } from '../domain/model/dns/zone-record.ts';
import type { PublicDns } from '../domain/ports.ts';

/** Asks the resolver of the machine. On Lambda, that resolver asks the public DNS. */
export class ResolverPublicDns implements PublicDns {
  async nameServers(domain: string): Promise<readonly string[] | undefined> {
    try {
      // Called on the module: an imported function would keep asking the servers that were set when it was imported.
      return (await dns.resolveNs(domain)).map(plainName);
    } catch (error) {
      const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
      return code === NOTFOUND || code === NODATA ? [] : undefined;
    }
  }
}
