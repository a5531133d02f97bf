import { AcmCertificates } from '../adapters/acm-certificates.ts';
import { ResolverPublicDns } from '../adapters/resolver-public-dns.ts';
import { Route53HostedZones } from '../adapters/route53-hosted-zones.ts';
import type { Certificates, HostedZones, PublicDns } from '../domain/ports.ts';

/**
 * What only the functions for DNS and certificates use. Not part of `servicesOf`, so that no other function loads three
 * more clients at its cold start.
 */
export const dnsServices = (): { zones: HostedZones; certificates: Certificates; publicDns: PublicDns } => ({
  zones: new Route53HostedZones(),
  certificates: new AcmCertificates(),
  publicDns: new ResolverPublicDns(),
});
