import * as z from 'zod';
import { InstantSchema } from '../../names.ts';

/** Status of a certificate at ACM, or `missing` when ACM does not know the certificate any more. */
export const CertificateStatusSchema = z.enum([
  'pending_validation',
  'issued',
  'inactive',
  'expired',
  'validation_timed_out',
  'revoked',
  'failed',
  'missing',
]);
export type CertificateStatus = z.infer<typeof CertificateStatusSchema>;

export const RenewalSchema = z.object({
  status: z.enum(['pending_auto_renewal', 'pending_validation', 'success', 'failed']),
  reason: z.string().optional(),
});

/** A certificate as ACM describes it. */
export interface DescribedCertificate {
  readonly arn: string;
  readonly status: Exclude<CertificateStatus, 'missing'>;
  /** All names that the certificate is for, including the common name. */
  readonly names: readonly string[];
  /** The records that prove the names. ACM makes them some seconds after the request. */
  readonly validation: readonly { readonly name: string; readonly type: string; readonly value: string }[];
  /** Names for which ACM has not made a record yet. */
  readonly withoutRecord: readonly string[];
  readonly expiresAt?: string;
  readonly failureReason?: string;
  readonly renewal?: z.infer<typeof RenewalSchema>;
  /** ARNs of the resources that use the certificate. */
  readonly usedBy: readonly string[];
}

/** Stored facts about an environment's certificate. */
export const CertificateSchema = z.object({
  arn: z.string().startsWith('arn:'),
  names: z.array(z.string()).min(1),
  status: CertificateStatusSchema,
  /** The deployment that requested the certificate. */
  requestedFor: z.string(),
  requestedAt: InstantSchema,
  expiresAt: InstantSchema.optional(),
  renewal: RenewalSchema.optional(),
  failureReason: z.string().optional(),
  checkedAt: InstantSchema,
  /** What was last published on the event bus: the certificate's expiry and its problem. */
  announced: z.object({ expiresAt: InstantSchema.optional(), problem: z.string().optional() }).optional(),
});
export type Certificate = z.infer<typeof CertificateSchema>;

/** Returns the certificate with what ACM says about it now. */
export function withDescription(
  certificate: Certificate,
  described: DescribedCertificate | undefined,
  now: string,
): Certificate {
  const { expiresAt, renewal, failureReason, ...kept } = certificate;
  if (!described) return { ...certificate, status: 'missing', checkedAt: now };
  return {
    ...kept,
    status: described.status,
    ...(described.expiresAt && { expiresAt: described.expiresAt }),
    ...(described.renewal && { renewal: described.renewal }),
    ...(described.failureReason && { failureReason: described.failureReason }),
    checkedAt: now,
  };
}
