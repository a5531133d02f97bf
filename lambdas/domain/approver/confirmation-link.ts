import { InvalidInputError } from '../errors.ts';

/** The parts that are used of the link in AWS's confirmation mail. The link is read and never opened. */
export interface ConfirmationLink {
  readonly protocol: string;
  readonly hostname: string;
  readonly token: string;
}

/** The form of a token. It is checked because the token is passed on to AWS. */
const TOKEN = /^[0-9A-Za-z_-]{16,1024}$/;

/**
 * Reads a pasted confirmation link, which must be for exactly this topic and this address. The caller must check that
 * the link's host is the AWS service that it calls. Throws InvalidInputError.
 */
export function readConfirmationLink(
  text: string,
  { topicArn, email }: { readonly topicArn: string; readonly email: string },
): ConfirmationLink {
  const link = URL.parse(text.trim());
  if (!link?.pathname.endsWith('/confirmation.html')) throw notThatLink(text, 'is no link of such a mail');
  const { protocol, hostname, searchParams } = link;
  if (link.username || link.password || link.hash) throw notThatLink(text, 'is no link of such a mail');
  const only = (name: string): string | undefined => {
    const values = searchParams.getAll(name);
    return values.length === 1 ? values[0] : undefined;
  };
  if (only('TopicArn') !== topicArn) throw notThatLink(text, `is not for the topic ${topicArn}`);
  // A plus sign that AWS did not encode is read as a space. No address has spaces.
  const endpoint = only('Endpoint')?.replaceAll(' ', '+').toLowerCase();
  if (endpoint !== email) throw notThatLink(text, `is not for ${email}`);
  const token = only('Token');
  if (!token || !TOKEN.test(token)) throw notThatLink(text, 'has no token');
  return { protocol, hostname, token };
}

const LONGEST_SHOWN = 100;

/** Makes the error for a wrong link. It shows only the page's address: a token in the link may still be valid. */
export function notThatLink(text: string, why: string): InvalidInputError {
  const link = URL.parse(text.trim());
  const value = JSON.stringify(link ? `${link.protocol}//${link.host}${link.pathname}`.slice(0, LONGEST_SHOWN) : '…');
  const message = `the link "Confirm subscription" of AWS's mail to this approver is wanted; this one ${why}`;
  return new InvalidInputError('confirming a subscription', [{ field: 'link', message, value }]);
}
