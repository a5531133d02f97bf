import * as z from 'zod';
import { DomainError } from '../../errors.ts';
import { ApplicationNameSchema, DeploymentIdSchema, EnvironmentNameSchema, InstantSchema } from '../../names.ts';
import { CertificateSchema } from './certificate.ts';
import { ZoneRecordSchema } from './zone-record.ts';

/**
 * Stored facts about an environment's DNS and certificate, from the first request until everything is withdrawn. Only
 * the deployment that holds the environment changes records; the check of certificates keeps `certificate` up to date.
 */
export const EnvironmentDnsSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  hostname: z.string(),
  /** The zone of the records. `roleArn`: a role in the zone's account, when that is not the environment's account. */
  zone: z.object({ id: z.string(), name: z.string(), roleArn: z.string().optional() }),
  certificate: CertificateSchema,
  /** ARNs of certificates that a newer one has replaced. Each is deleted as soon as nothing uses it. */
  replaced: z.array(z.string()),
  /**
   * Every record set that Stagegate has put into the zone, or may have: it is added to this list before Route 53 is
   * called. A record set that is not in this list belongs to somebody else.
   */
  written: z.array(ZoneRecordSchema),
  /** What the hostname points to, and since when. */
  published: z.object({ record: ZoneRecordSchema, deploymentId: DeploymentIdSchema, at: InstantSchema }).nullable(),
  /** The last change of the zone, as long as it is not known to be in sync. */
  change: z.string().nullable(),
  /** What a deployment waits for, and since when. */
  waiting: z.object({ deploymentId: DeploymentIdSchema, for: z.string(), since: InstantSchema }).nullable(),
});
export type EnvironmentDns = z.infer<typeof EnvironmentDnsSchema>;

/**
 * The environment that a hostname belongs to. Two environments with the same hostname would overwrite each other's
 * records.
 */
export const HostnameClaimSchema = z.object({
  hostname: z.string(),
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  at: InstantSchema,
});

/** Why DNS or a certificate made a deployment fail. It becomes the `reason` of the deployment's ending. */
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

/** Thrown when DNS or a certificate stops a deployment. The workflow gets it as an answer. */
export class DnsError extends DomainError {
  override readonly name = 'DnsError';
  readonly reason: DnsFailure;
  constructor(reason: DnsFailure, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Answers of both DNS states of the workflow: look again after a while, or the reason for the failure. */
export const PendingSchema = z.object({ outcome: z.literal('pending'), waitSeconds: z.int().min(1) });
export const DnsFailedSchema = z.object({
  outcome: z.literal('failed'),
  reason: DnsFailureSchema,
  message: z.string().max(2000),
});

/** How often a state of the workflow looks, and the longest times that it waits in all. */
export interface Patience {
  readonly pollSeconds: number;
  /** Longest wait for a certificate to be issued. */
  readonly certificateSeconds: number;
  /**
   * Longest wait for a change of the zone to be in sync, and for a certificate that is to be deleted to be out of use.
   */
  readonly changeSeconds: number;
}
