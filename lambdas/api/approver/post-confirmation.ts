import * as z from 'zod';
import { ApproverViewSchema, showApprover } from '../../domain/approver/approver-view.ts';
import { confirmApprover } from '../../domain/approver/confirm-approver.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApproverPath } from '../inputs.ts';

const ConfirmationRequestSchema = z.strictObject({
  /** The link "Confirm subscription" in AWS's mail to the approver. */
  link: z.string().min(1).max(2000),
});

export const postConfirmation = operation(
  {
    operationId: 'postConfirmation',
    tag: 'approver',
    summary:
      'Confirm an e-mail subscription with the link from the AWS mail, so that nobody can end it with a forwarded mail',
    problems: ['confirmation-refused', 'approver-limit'],
    input: { path: ApproverPath, body: ConfirmationRequestSchema },
    answers: { 200: ApproverViewSchema },
  },
  async ({ path: { app, email }, body: { link } }, services: Services<'approvers'>, { caller }) => {
    await findApplication(services.store, app);
    const approver = await confirmApprover(services, app, email, link, caller);
    // The list of SNS may not show the confirmed subscription yet.
    const live = new Map([[email, { confirmed: true, arn: approver.subscriptionArn }]]);
    return answer(200, showApprover(approver, live));
  },
);
