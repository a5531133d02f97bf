import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Returns the nonce in the form of a link. A decision needs it, so only somebody who was shown the page can decide:
 * scanners that post to every address they find do not have it. A link always has the same nonce, so a page that is
 * opened twice works.
 */
export const formNonce = (token: string): string =>
  createHash('sha256').update(`stagegate approval form\n${token}`).digest('base64url');

export function isFormNonce(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(formNonce(token))];
  return one.length === other.length && timingSafeEqual(one, other);
}
