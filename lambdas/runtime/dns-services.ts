import type { Certificates, HostedZones, PublicDns } from '../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';

/** What the functions for DNS and certificates use beside their `servicesOf`; no other function is given it. */
export const dnsServices = (): { zones: HostedZones; certificates: Certificates; publicDns: PublicDns } => ({
  zones: lazyPort<HostedZones>(
    async () => new (await import('../adapters/route53-hosted-zones.ts')).Route53HostedZones(),
  ),
  certificates: lazyPort<Certificates>(
    async () => new (await import('../adapters/acm-certificates.ts')).AcmCertificates(),
  ),
  publicDns: lazyPort<PublicDns>(
    async () => new (await import('../adapters/resolver-public-dns.ts')).ResolverPublicDns(),
  ),
});
