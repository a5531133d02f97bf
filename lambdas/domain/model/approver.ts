import * as z from 'zod';
import { ApplicationNameSchema, EmailSchema, InstantSchema } from '../names.ts';
import { GateNameSchema } from '../policy.ts';

/** An IAM principal, with `*` for any run of characters. */
const PrincipalPatternSchema = z
  .string()
  .min(3)
  .max(300)
  .regex(/^[^*\s][^\s]*$/, 'a principal or pattern that does not begin with *');

/** Body of `PUT …/approvers/{email}`. One person decides at one gate. */
export const ApproverSettingsSchema = z.strictObject({
  gates: z.tuple([GateNameSchema]),
  principals: z.array(PrincipalPatternSchema).max(20).default([]),
});
export type ApproverSettings = z.infer<typeof ApproverSettingsSchema>;

/** A person who may decide a gate of an application. */
export const ApproverSchema = z.object({
  application: ApplicationNameSchema,
  email: EmailSchema,
  ...ApproverSettingsSchema.shape,
  /** Status of the e-mail subscription at SNS. */
  subscription: z.enum(['pending', 'confirmed', 'lost']),
  subscriptionArn: z.string().optional(),
  /**
   * Whether unsubscribing needs AWS credentials, so that nobody can use a forwarded mail to unsubscribe the approver.
   */
  unsubscribeProtected: z.boolean(),
  createdAt: InstantSchema,
});
export type Approver = z.infer<typeof ApproverSchema>;

/**
 * Returns the registered approver behind an API caller. When several match, it is the one that names the caller most
 * exactly, so that a person with an entry of their own is not taken for the holder of a matching pattern.
 */
export function approverOf(principal: string, approvers: readonly Approver[]): Approver | undefined {
  const ranked = approvers.map((approver) => ({ approver, exactness: exactness(approver, principal) }));
  const best = Math.max(...ranked.map((candidate) => candidate.exactness));
  return best > 0 ? ranked.find((candidate) => candidate.exactness === best)?.approver : undefined;
}

/**
 * Returns whether the approver is the requester. For a requester who mapped to nobody when asking, any match counts;
 * for any other requester, only an exact one.
 */
export const standsFor = (
  approver: Approver,
  { principal, approver: known }: { readonly principal: string; readonly approver?: string },
): boolean => exactness(approver, principal) >= (known === undefined ? 1 : EXACT);

const EXACT = Number.MAX_SAFE_INTEGER;

/**
 * Returns how exactly an approver names a principal: 0 when nothing matches, EXACT without a wildcard, otherwise the
 * length of the longest matching pattern.
 */
function exactness({ email, principals }: Approver, principal: string): number {
  const matching = [email, ...principals].filter((pattern) => matches(pattern, principal));
  return Math.max(0, ...matching.map((pattern) => (pattern.includes('*') ? pattern.length : EXACT)));
}

function matches(pattern: string, principal: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === principal;
  const last = rest.pop() ?? '';
  if (!principal.startsWith(first)) return false;
  let position = first.length;
  for (const part of rest) {
    const found = principal.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return principal.endsWith(last) && principal.length - last.length >= position;
}
