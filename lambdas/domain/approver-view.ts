import * as z from 'zod';
import type { Approver } from './approver.ts';
import { GateNameSchema } from './policy.ts';
import type { Subscription } from './ports.ts';

/** An approver as the API shows one. */
export const ApproverViewSchema = z
  .object({
    application: z.string(),
    email: z.string(),
    gates: z.tuple([GateNameSchema]),
    principals: z.array(z.string()),
    /** `pending`: the confirmation mail was not answered yet. `lost`: there is no subscription any more. */
    subscription: z.enum(['pending', 'confirmed', 'lost']),
    unsubscribeProtected: z.boolean(),
    createdAt: z.string(),
  })
  .meta({ id: 'Approver' });
export type ApproverView = z.input<typeof ApproverViewSchema>;

/** What SNS says now counts more than what it said when the record was written. */
export function showApprover(approver: Approver, subscriptions: ReadonlyMap<string, Subscription>): ApproverView {
  const live = subscriptions.get(approver.email);
  return { ...approver, subscription: live ? (live.confirmed ? 'confirmed' : 'pending') : 'lost' };
}
