import * as z from 'zod';
import { DomainError } from '../../errors.ts';
import { ApplicationNameSchema, DeploymentIdSchema, EnvironmentNameSchema, InstantSchema } from '../../names.ts';
import { CertificateSchema } from './certificate.ts';
import { ZoneRecordSchema } from './zone-record.ts';

/**
 * What is kept of an environment's DNS and certificate, from the first request until everything is withdrawn. Only the
 * deployment that holds the environment changes records; the check of certificates keeps `certificate` up to date.
 */
export const EnvironmentDnsSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  hostname: z.string(),
  /** Where the records are. `roleArn`: a role of the zone's own account, where it is not the environment's. */
  zone: z.object({ id: z.string(), name: z.string(), roleArn: z.string().optional() }),
  certificate: CertificateSchema,
  /** ARNs of certificates that a newer one has replaced; each is deleted as soon as nothing serves it. */
  replaced: z.array(z.string()),
  /**
   * Every record set that stands in the zone by Stagegate's hand, or may: it is written down here before Route 53 is
   * asked. A record set that is not in this list is somebody else's.
   */
  written: z.array(ZoneRecordSchema),
  /** What the hostname points to since when. */
  published: z.object({ record: ZoneRecordSchema, deploymentId: DeploymentIdSchema, at: InstantSchema }).nullable(),
  /** The last change of the zone, while it is not known to be in sync. */
  change: z.string().nullable(),
  /** What a deployment waits for, and since when. */
  waiting: z.object({ deploymentId: DeploymentIdSchema, for: z.string(), since: InstantSchema }).nullable(),
});
export type EnvironmentDns = z.infer<typeof EnvironmentDnsSchema>;

/** Which environment a hostname belongs to; two with the same one would overwrite each other's records. */
export const HostnameClaimSchema = z.object({
  hostname: z.string(),
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  at: InstantSchema,
});

/** Why DNS or a certificate let a deployment fail; becomes the `reason` of its ending. */
export const DNS_FAILURES = [
  'zone-not-found',
  'zone-ambiguous',
  'zone-mismatch',
  'zone-not-delegated',
  'record-not-ours',
  'record-refused',
  'certificate-failed',
  'certificate-pending',
  'certificate-in-use',
  'output-missing',
  'output-unusable',
  'change-pending',
] as const;
const DnsFailureSchema = z.enum(DNS_FAILURES);
export type DnsFailure = z.infer<typeof DnsFailureSchema>;

export const isDnsFailure = (name: string): boolean => DnsFailureSchema.safeParse(name).success;

/** DNS or a certificate stand in the way of a deployment; the workflow is told by an answer. */
export class DnsError extends DomainError {
  override readonly name = 'DnsError';
  readonly reason: DnsFailure;
  constructor(reason: DnsFailure, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Answers of both states: look again after a while, or what stands in the way. */
export const PendingSchema = z.object({ outcome: z.literal('pending'), waitSeconds: z.int().min(1) });
export const DnsFailedSchema = z.object({
  outcome: z.literal('failed'),
  reason: DnsFailureSchema,
  message: z.string().max(2000),
});

/** How often a state of the workflow looks, and how long it waits in all. */
export interface Patience {
  readonly pollSeconds: number;
  /** For a certificate to be issued. */
  readonly certificateSeconds: number;
  /** For a change of the zone to be in sync, and for a certificate that goes to be out of use. */
  readonly changeSeconds: number;
}
