import type { Certificates, HostedZones, PublicDns } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

/** Route 53, ACM and the public name servers. */
export const dns = service({}, () => ({
  zones: lazyPort<HostedZones>(
    async () => new (await import('../../adapters/route53-hosted-zones.ts')).Route53HostedZones(),
  ),
  certificates: lazyPort<Certificates>(
    async () => new (await import('../../adapters/acm-certificates.ts')).AcmCertificates(),
  ),
  publicDns: lazyPort<PublicDns>(
    async () => new (await import('../../adapters/resolver-public-dns.ts')).ResolverPublicDns(),
  ),
}));
