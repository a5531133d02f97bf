import { ApproverViewSchema, showApprover } from '../../domain/approver/approver-view.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import { findApplication } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath, PageQuery, pageOf } from '../inputs.ts';
import { showPage } from '../show-page.ts';

export const listApprovers = operation(
  {
    operationId: 'listApprovers',
    tag: 'approver',
    summary: 'The approvers of an application, with the current state of their e-mail subscriptions',
    input: { path: ApplicationPath, query: PageQuery },
    answers: { 200: pageOf(ApproverViewSchema) },
  },
  async ({ path: { app }, query }, { store, mail }: Services<'approvers'>) => {
    await findApplication(store, app);
    const page = await store.list(LISTINGS.approvers(app), query);
    const subscriptions = await mail.subscriptions();
    return answer(200, await showPage(page, (approver) => showApprover(approver, subscriptions)));
  },
);
