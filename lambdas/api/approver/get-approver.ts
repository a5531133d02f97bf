import { ApproverViewSchema, showApprover } from '../../domain/approver/approver-view.ts';
import { approverTag } from '../../domain/model/request/settings-tag.ts';
import { findApprover } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApproverPath } from '../inputs.ts';

export const getApprover = operation(
  {
    operationId: 'getApprover',
    tag: 'approver',
    summary: 'One approver, with the current state of the e-mail subscription',
    input: { path: ApproverPath },
    answers: { 200: ApproverViewSchema },
    isTagged: true,
  },
  async ({ path: { app, email } }, { store, mail }: Services<'approvers'>) => {
    const approver = await findApprover(store, app, email);
    return answer(200, showApprover(approver, await mail.subscriptions()), approverTag(approver));
  },
);
