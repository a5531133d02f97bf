import { InvalidInputError } from '../errors.ts';

/** What is taken of the link in AWS's confirmation mail. It is read and never opened. */
export interface ConfirmationLink {
  readonly protocol: string;
  readonly hostname: string;
  readonly token: string;
}

/** What is taken for a token is passed on to AWS, so it has to look like one. */
const TOKEN = /^[0-9A-Za-z_-]{16,1024}$/;

/**
 * Reads a pasted confirmation link: one of exactly this topic and this address. Whether its host is AWS's is for the
 * caller to compare with the service it talks to. Throws InvalidInputError.
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
  // A plus sign that AWS left as it is reads as a space, which no address has.
  const endpoint = only('Endpoint')?.replaceAll(' ', '+').toLowerCase();
  if (endpoint !== email) throw notThatLink(text, `is not for ${email}`);
  const token = only('Token');
  if (!token || !TOKEN.test(token)) throw notThatLink(text, 'has no token');
  return { protocol, hostname, token };
}

const LONGEST_SHOWN = 100;

/** What was given is repeated only as far as it is the address of a page: a token in it may still confirm. */
export function notThatLink(text: string, why: string): InvalidInputError {
  const link = URL.parse(text.trim());
  const value = JSON.stringify(link ? `${link.protocol}//${link.host}${link.pathname}`.slice(0, LONGEST_SHOWN) : '…');
  const message = `the link "Confirm subscription" of AWS's mail to this approver is wanted; this one ${why}`;
  return new InvalidInputError('confirming a subscription', [{ field: 'link', message, value }]);
}
