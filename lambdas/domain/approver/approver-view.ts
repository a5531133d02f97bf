import * as z from 'zod';
import type { Approver } from '../model/approver.ts';
import { GateNameSchema } from '../policy.ts';
import type { Subscription } from '../ports.ts';

/** An approver as the API shows it. */
export const ApproverViewSchema = z
  .object({
    application: z.string(),
    email: z.string(),
    gates: z.tuple([GateNameSchema]),
    principals: z.array(z.string()),
    /** `pending`: not confirmed yet. `lost`: the subscription is gone and was not confirmed again. */
    subscription: z.enum(['pending', 'confirmed', 'lost']),
    /** True if only a signed call can end the subscription, and a link in a forwarded mail cannot. */
    unsubscribeProtected: z.boolean(),
    createdAt: z.string(),
  })
  .meta({ id: 'Approver' });
export type ApproverView = z.input<typeof ApproverViewSchema>;

/** Shows an approver. What SNS reports now counts more than what it reported when the record was written. */
export function showApprover(approver: Approver, subscriptions: ReadonlyMap<string, Subscription>): ApproverView {
  const live = subscriptions.get(approver.email);
  const isProtected = live?.confirmed === true && live.arn === approver.subscriptionArn;
  return {
    ...approver,
    subscription: live?.confirmed ? 'confirmed' : live && approver.subscription === 'pending' ? 'pending' : 'lost',
    unsubscribeProtected: isProtected && approver.unsubscribeProtected,
  };
}
