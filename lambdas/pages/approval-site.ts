import { decideApproval } from './decide-approval.ts';
import { failure } from './document.ts';
import { showApproval } from './show-approval.ts';
import { CONTENT_SECURITY_POLICY } from './style.ts';

/** The pages behind e-mailed links. */
export const APPROVAL_SITE = {
  pages: { 'GET /approvals/{token}': showApproval, 'POST /approvals/{token}': decideApproval },
  failure,
  contentSecurityPolicy: CONTENT_SECURITY_POLICY,
};
