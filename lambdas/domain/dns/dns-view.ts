import * as z from 'zod';
import type { Application } from '../model/application.ts';
import { CertificateStatusSchema, RenewalSchema } from '../model/dns/certificate.ts';
import type { EnvironmentDns } from '../model/dns/dns.ts';
import { DnsSettingsSchema } from '../model/dns/dns-settings.ts';
import { certificateNamesOf, hostnameOf } from '../model/dns/hostname.ts';
import type { Environment } from '../model/environment.ts';

/** An environment's DNS as the API shows it; fields that no deployment has set yet are null. */
export const DnsViewSchema = z
  .object({
    hostname: z.string(),
    /** Names of the certificate, common name first: the hostname, after a short name if the hostname is too long. */
    certificateNames: z.array(z.string()),
    /** The configured settings; null if they were removed and the next deployment will withdraw the DNS. */
    settings: DnsSettingsSchema.nullable(),
    zone: z.object({ id: z.string(), name: z.string() }).nullable(),
    /** What the hostname points to. */
    record: z.object({ type: z.string(), target: z.string(), since: z.string(), deploymentId: z.string() }).nullable(),
    certificate: z
      .object({
        arn: z.string(),
        /** The common name first. */
        names: z.array(z.string()),
        status: CertificateStatusSchema,
        expiresAt: z.string().optional(),
        renewal: RenewalSchema.optional(),
        failureReason: z.string().optional(),
        /** The problem that the last check found: `expiring`, `renewal_failed`, `missing` … */
        problem: z.string().optional(),
        requestedAt: z.string(),
        checkedAt: z.string(),
      })
      .nullable(),
  })
  .meta({ id: 'Dns' });
type DnsView = z.input<typeof DnsViewSchema>;

export function viewDns(
  application: Application,
  environment: Environment,
  dns: EnvironmentDns | undefined,
): DnsView | null {
  if (!environment.dns && !dns) return null;
  const hostname = dns?.hostname ?? hostnameOf(application, environment);
  return {
    hostname,
    certificateNames: certificateNamesOf(hostname),
    settings: environment.dns ?? null,
    zone: dns ? { id: dns.zone.id, name: dns.zone.name } : null,
    record: dns?.published ? viewRecord(dns.published) : null,
    certificate: dns ? viewCertificate(dns.certificate) : null,
  };
}

function viewRecord({ record, at, deploymentId }: NonNullable<EnvironmentDns['published']>): DnsView['record'] {
  const target = record.alias?.name ?? record.values?.join(', ') ?? '';
  return { type: record.type, target, since: at, deploymentId };
}

function viewCertificate({ requestedFor, announced, ...shown }: EnvironmentDns['certificate']): DnsView['certificate'] {
  return { ...shown, ...(announced?.problem && { problem: announced.problem }) };
}
