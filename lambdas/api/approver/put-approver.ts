import { ApproverViewSchema } from '../../domain/approver/approver-view.ts';
import { registerApprover } from '../../domain/approver/register-approver.ts';
import { ApproverSettingsSchema } from '../../domain/model/approver.ts';
import { approverTag } from '../../domain/model/request/settings-tag.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApproverPath } from '../inputs.ts';

export const putApprover = operation(
  {
    operationId: 'putApprover',
    tag: 'approver',
    summary: 'Register or change an approver; an address that is not confirmed gets a confirmation mail',
    problems: ['last-approver', 'approver-limit'],
    input: { path: ApproverPath, body: ApproverSettingsSchema },
    answers: { 200: ApproverViewSchema, 201: ApproverViewSchema },
    isTagged: true,
  },
  async ({ path: { app, email }, body }, services: Services<'approvers'>, { caller, ifMatch }) => {
    const { approver, isNew } = await registerApprover(services, app, email, body, caller, ifMatch);
    return answer(isNew ? 201 : 200, approver, approverTag(approver));
  },
);
