import { IN_WORDS } from '../build/next-round.ts';
import { type Deployment, describeContent, type Planned, plannedOf } from '../model/deployment.ts';
import type { Gate } from '../model/gate.ts';
import type { Release } from '../model/release.ts';
import { statedOtherwise, wordsFrom } from '../model/release-words.ts';
import { describeHeadline } from './headline.ts';
import { moment, nameOf } from './in-words.ts';
import { rehearsalInWords } from './rehearsal-in-words.ts';
import { STANDING_IN_WORDS, type SuccessBefore } from './success-before.ts';
import { withoutLinks } from './without-links.ts';

/** The reason why a mail is sent. */
export type Occasion = 'request' | 'first-reminder' | 'last-reminder' | 'renewal';

/** Longest subject in characters. SNS refuses longer ones, and line breaks in subjects. */
const LONGEST_SUBJECT = 99;
/** Limits for a quoted commit message; the page shows the whole message. */
const MOST_MESSAGE_LINES = 10;
const LONGEST_LINE = 200;

const WORDS: Readonly<Record<Occasion, { readonly subject: string; readonly opening: string }>> = {
  request: { subject: 'Approve', opening: 'approval is needed.' },
  'first-reminder': { subject: 'Reminder: approve', opening: 'approval is still needed.' },
  'last-reminder': {
    subject: 'Reminder: approve',
    opening: 'approval is still needed, and the time to decide ends soon.',
  },
  renewal: {
    subject: 'Approve',
    opening: 'approval is needed. This mail replaces an earlier one, whose link no longer works.',
  },
};

/** The contents of a mail about a gate. */
export interface MailSubject {
  readonly deployment: Deployment;
  readonly gate: Gate;
  readonly release: Pick<Release, 'message' | 'author' | 'source' | 'stated'> | undefined;
  /** What became of the release in the environment before; undefined where there is none, or none is asked for. */
  readonly before?: SuccessBefore | undefined;
}

/** Writes the plain-text mail, complete in itself: what is asked, by whom, what changes, until when, and the link. */
export function approvalMail(
  { deployment, gate, release, before }: MailSubject,
  occasion: Occasion,
  link: string,
): { subject: string; body: string } {
  const { application, environment, release: number, commit, operation, requestedBy } = deployment;
  const words = WORDS[occasion];
  const content = describeContent(deployment);
  const subject = `${words.subject} ${application} ${environment}: ${operation} of ${content}`;
  const planned = plannedOf(deployment);
  const headline = planned?.headline;
  const told = [
    `Your ${gate.gate} ${words.opening}`,
    '',
    ...(planned?.replaces ? [...whyAgain(planned.replaces, gate), ''] : []),
    `  Application   ${application}`,
    `  Environment   ${environment}`,
    `  Operation     ${operation} of ${content}${number === undefined ? '' : ` (commit ${commit.slice(0, 12)})`}`,
    ...(before ? [inEnvironmentBefore(before)] : []),
    `  Requested by  ${nameOf(requestedBy)}`,
    `  Expires       ${moment(gate.expiresAt)}`,
    '',
    ...quoted(release),
    ...(headline ? describeHeadline(headline) : []),
    ...(planned?.rehearsal ? [`  Rehearsal     ${rehearsalInWords(planned.rehearsal)}`] : []),
    '',
  ].map(withoutLinks);
  const asked = [
    'Read the plan and decide here. This link is for you only. Please do not forward it:',
    link,
    '',
    `Plan digest ${gate.digest}`,
  ];
  return { subject: subject.slice(0, LONGEST_SUBJECT), body: [...told, ...asked].join('\n') };
}

function inEnvironmentBefore({ environment, standing, at }: SuccessBefore): string {
  const [brief, meaning] = STANDING_IN_WORDS[standing];
  return `  ${`In ${environment}`.padEnd(13)} ${brief}, ${moment(at)}${meaning === undefined ? '' : `: ${meaning}`}`;
}

/** Quotes the commit message, marked as somebody else's words, and what the request for the release says instead. */
function quoted(release: MailSubject['release']): string[] {
  if (!release) return [];
  const other = statedOtherwise(release);
  return [...quote(`What it is for${whose(release)}:`, release.message), ...(other ? statedInstead(other) : [])];
}

function quote(heading: string, text: string): string[] {
  const lines = text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trimEnd())
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line));
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) return [];
  const more = lines.length > MOST_MESSAGE_LINES ? [`  | … (${lines.length - MOST_MESSAGE_LINES} more lines)`] : [];
  return [heading, ...lines.slice(0, MOST_MESSAGE_LINES).map((line) => `  | ${line}`.trimEnd()), ...more, ''];
}

/**
 * Names the author of the message: of the commit, or of the request by API. A caller of the API can write anything,
 * including somebody else's name.
 */
function whose({ author, ...release }: NonNullable<MailSubject['release']>): string {
  const name = inOneLine(author);
  if (wordsFrom(release) === 'request')
    return `, as the request for this release says${name ? `, naming ${name}` : ''} (not read from the commit)`;
  return name ? `, in the words of ${name}` : '';
}

function statedInstead({ message, author }: Pick<Release, 'message' | 'author'>): string[] {
  const name = inOneLine(author);
  const told = quote(
    `The request for this release says${name ? `, naming ${name}` : ''} (not read from the commit):`,
    message,
  );
  return told.length > 0 ? told : [`The request for this release names ${name} (not read from the commit).`, ''];
}

const inOneLine = (text: string): string =>
  text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_LINE);

/** Explains why people are asked (again) who may have approved already. */
function whyAgain({ because, changeDigest }: NonNullable<Planned['replaces']>, gate: Gate): string[] {
  const isSame = changeDigest === gate.changeDigest;
  return [
    `The plan was made again because ${IN_WORDS[because]}.`,
    isSame
      ? 'It would do the same as before. Approvals that were given still count.'
      : 'It would no longer do the same, or lets in something else that has not run before. Approvals that were given no longer count. The page shows what differs.',
  ];
}
