import type { Services } from '../functions.ts';
import type { Page, PageRequest } from '../runtime/page-handler.ts';
import { unknownLink } from './approval-messages.ts';
import { approvalPage } from './approval-template.ts';
import { type ApprovalState, viewApproval } from './approval-view.ts';
import { formNonce } from './form-nonce.ts';
import { loadApproval } from './load-approval.ts';

/** Statuses of the page. 410 means that the link was valid and can no longer be used to decide. */
const STATUS: Readonly<Record<ApprovalState['kind'], 200 | 410>> = {
  open: 200,
  waiting: 200,
  approved: 200,
  rejected: 200,
  expired: 410,
  canceled: 410,
  superseded: 410,
  void: 410,
  changed: 410,
  replaced: 410,
  removed: 410,
};

/** `GET /approvals/{token}`: shows what a link asks for. It only reads, however often the link is opened (rule 10). */
export async function showApproval({ token }: PageRequest, services: Services<'approval-page'>): Promise<Page> {
  // A forged or malformed token is refused before the table is read.
  const link = await services.links.verify(token);
  const records = link && (await loadApproval(services, link));
  if (!records) return unknownLink();
  const view = viewApproval(records, services.surroundings.now());
  const form = { action: formAction(token), nonce: formNonce(token) };
  return { status: STATUS[view.state.kind], html: approvalPage(view, form) };
}

export const formAction = (token: string): string => `/approvals/${token}`;
