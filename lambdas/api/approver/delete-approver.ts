import * as z from 'zod';
import { removeApprover } from '../../domain/approver/remove-approver.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApproverPath } from '../inputs.ts';

export const deleteApprover = operation(
  {
    operationId: 'deleteApprover',
    tag: 'approver',
    summary: 'Remove an approver, and the subscription of the address if no other application uses it',
    problems: ['last-approver'],
    input: { path: ApproverPath },
    answers: { 204: z.undefined() },
  },
  async ({ path: { app, email } }, services: Services<'approvers'>, { caller }) => {
    await findApplication(services.store, app);
    await removeApprover(services, app, email, caller);
    return answer(204, undefined);
  },
);
