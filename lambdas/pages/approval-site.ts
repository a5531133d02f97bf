import { failure } from './approval-messages.ts';
import { decideApproval } from './decide-approval.ts';
import { CONTENT_SECURITY_POLICY } from './parts/style.ts';
import { showApproval } from './show-approval.ts';

/** The pages behind e-mailed links. */
export const APPROVAL_SITE = {
  pages: { 'GET /approvals/{token}': showApproval, 'POST /approvals/{token}': decideApproval },
  failure,
  contentSecurityPolicy: CONTENT_SECURITY_POLICY,
};
