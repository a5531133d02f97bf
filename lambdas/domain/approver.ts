import * as z from 'zod';
import { ApplicationNameSchema, EmailSchema, InstantSchema } from './names.ts';
import { GateNameSchema } from './policy.ts';

/** An IAM principal, with `*` for any run of characters. */
const PrincipalPatternSchema = z
  .string()
  .min(3)
  .max(300)
  .regex(/^[^*\s][^\s]*$/, 'a principal or pattern that does not begin with *');

/** Body of `PUT …/approvers/{email}`. One person stands for one gate. */
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
  /** SNS's word on the e-mail subscription. */
  subscription: z.enum(['pending', 'confirmed', 'lost']),
  subscriptionArn: z.string().optional(),
  /** Unsubscribing needs AWS credentials, so that a forwarded mail cannot silence the approver. */
  unsubscribeProtected: z.boolean(),
  createdAt: InstantSchema,
});
export type Approver = z.infer<typeof ApproverSchema>;

/** The registered approver behind an API caller, judged by exact principal or pattern. */
export function approverOf(principal: string, approvers: readonly Approver[]): Approver | undefined {
  return approvers.find((approver) =>
    [approver.email, ...approver.principals].some((pattern) => matches(pattern, principal)),
  );
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
