import type { Certificates, HostedZones, PublicDns } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

/** Route 53, ACM and the public name servers. */
export const dns = service({}, () => ({
  zones: lazyPort<HostedZones>(
    'Route 53',
    async () => new (await import('../../adapters/route53-hosted-zones.ts')).Route53HostedZones(),
  ),
  certificates: lazyPort<Certificates>(
    'ACM',
    async () => new (await import('../../adapters/acm-certificates.ts')).AcmCertificates(),
  ),
  publicDns: lazyPort<PublicDns>(
    'DNS',
    async () => new (await import('../../adapters/resolver-public-dns.ts')).ResolverPublicDns(),
  ),
}));
