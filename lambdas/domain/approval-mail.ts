import { plannedOf } from './deployment.ts';
import { describeHeadline } from './headline.ts';
import type { MailSubject } from './mail-link.ts';
import { nameOf } from './requester-name.ts';

/** Why a mail is sent. */
export type Occasion = 'request' | 'first-reminder' | 'last-reminder' | 'renewal';

/** SNS refuses longer subjects, and line breaks in them. */
const LONGEST_SUBJECT = 99;
/** Of a commit message; the page has the whole. */
const MOST_MESSAGE_LINES = 10;
const LONGEST_LINE = 200;

const OPENING: Readonly<Record<Occasion, string>> = {
  request: 'approval is asked for.',
  'first-reminder': 'approval is still asked for.',
  'last-reminder': 'approval is still asked for, and soon it will be too late.',
  renewal: 'approval is asked for. This mail takes the place of an earlier one, whose link no longer works.',
};
const isReminder = (occasion: Occasion): boolean => occasion === 'first-reminder' || occasion === 'last-reminder';

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short', timeZone: 'UTC' });

/** The plain-text mail that stands alone: what is asked, by whom, what would change, until when, and the link. */
export function approvalMail(
  { deployment, gate, release }: MailSubject,
  occasion: Occasion,
  link: string,
): { subject: string; body: string } {
  const { application, environment, release: number, commit, operation, requestedBy } = deployment;
  const request = `pprove ${application} ${environment}: ${operation} of release ${number}`;
  const subject = `${isReminder(occasion) ? 'Reminder: a' : 'A'}${request}`.slice(0, LONGEST_SUBJECT);
  const headline = plannedOf(deployment)?.headline;
  const body = [
    `Your ${gate.gate} ${OPENING[occasion]}`,
    '',
    `  Application   ${application}`,
    `  Environment   ${environment}`,
    `  Operation     ${operation} of release ${number} (commit ${commit.slice(0, 12)})`,
    `  Requested by  ${nameOf(requestedBy)}`,
    `  Expires       ${DATE.format(new Date(gate.expiresAt))} UTC`,
    '',
    ...quoted(release),
    ...(headline ? describeHeadline(headline) : []),
    '',
    'Read the plan and decide here. The link is yours alone; please do not forward it:',
    link,
    '',
    `Plan digest ${gate.digest}`,
  ].join('\n');
  return { subject, body };
}

/**
 * The commit message, marked as somebody else's words. Mail programs make links of addresses: those in it lose their
 * colon, so that the only link in the mail is the one to decide with.
 */
function quoted(release: MailSubject['release']): string[] {
  const lines = (release?.message ?? '')
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trimEnd())
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line))
    .map((line) => line.replaceAll('://', ' //'));
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) return [];
  const more = lines.length > MOST_MESSAGE_LINES ? [`  | … (${lines.length - MOST_MESSAGE_LINES} more lines)`] : [];
  return [
    `What it is for${release?.author ? `, in the words of ${release.author.replaceAll(/\s+/g, ' ')}` : ''}:`,
    ...lines.slice(0, MOST_MESSAGE_LINES).map((line) => `  | ${line}`.trimEnd()),
    ...more,
    '',
  ];
}
