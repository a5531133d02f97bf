import { type Deployment, describeContent, type Planned, plannedOf } from './deployment.ts';
import type { Gate } from './gate.ts';
import { describeHeadline } from './headline.ts';
import { IN_WORDS } from './next-round.ts';

/** SNS refuses longer subjects, and line breaks in them. */
const LONGEST_SUBJECT = 99;

/** The plain-text mail that stands alone: what is asked, by whom, what would change, until when, and the link. */
export function approvalMail(deployment: Deployment, gate: Gate, link: string): { subject: string; body: string } {
  const { application, environment, release, commit, operation, requestedBy } = deployment;
  const subject = `Approve ${application} ${environment}: ${operation} of ${describeContent(deployment)}`.slice(
    0,
    LONGEST_SUBJECT,
  );
  const planned = plannedOf(deployment);
  const headline = planned?.headline;
  const body = [
    `Your ${gate.gate} approval is asked for.`,
    '',
    ...(planned?.replaces ? [...whyAgain(planned.replaces, gate), ''] : []),
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

/** Why somebody who may have approved already is asked (again). */
function whyAgain({ because, changeDigest }: NonNullable<Planned['replaces']>, gate: Gate): string[] {
  const isSame = changeDigest === gate.changeDigest;
  return [
    `The plan was made again because ${IN_WORDS[because]}.`,
    isSame
      ? 'It would do the same as before; approvals already given still count.'
      : 'It would not do the same any more: approvals given before no longer count. The page shows what differs.',
  ];
}
