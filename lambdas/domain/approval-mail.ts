import { type Deployment, describeContent, plannedOf } from './deployment.ts';
import type { Gate } from './gate.ts';
import { describeHeadline } from './headline.ts';

/** SNS refuses longer subjects, and line breaks in them. */
const LONGEST_SUBJECT = 99;

/** The plain-text mail that stands alone: what is asked, by whom, what would change, until when, and the link. */
export function approvalMail(deployment: Deployment, gate: Gate, link: string): { subject: string; body: string } {
  const { application, environment, release, commit, operation, requestedBy } = deployment;
  const subject = `Approve ${application} ${environment}: ${operation} of ${describeContent(deployment)}`.slice(
    0,
    LONGEST_SUBJECT,
  );
  const headline = plannedOf(deployment)?.headline;
  const body = [
    `Your ${gate.gate} approval is asked for.`,
    '',
    `  Application   ${application}`,
    `  Environment   ${environment}`,
    `  Operation     ${operation} of ${describeContent(deployment)}${release === undefined ? '' : ` (commit ${commit.slice(0, 12)})`}`,
    `  Requested by  ${requestedBy.approver ?? requestedBy.principal}`,
    `  Expires       ${gate.expiresAt}`,
    '',
    ...(headline ? describeHeadline(headline) : []),
    '',
    'Read the plan and decide here. The link is yours alone; please do not forward it:',
    link,
    '',
    `Plan digest ${gate.digest}`,
  ].join('\n');
  return { subject, body };
}
