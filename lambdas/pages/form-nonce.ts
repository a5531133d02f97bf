import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * What the form of a link carries, so that a decision can only come from somebody who was shown the page: scanners
 * that post to every address they find do not have it. The same for the same link, so a page opened twice works.
 */
export const formNonce = (token: string): string =>
  createHash('sha256').update(`stagegate approval form\n${token}`).digest('base64url');

export function isFormNonce(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(formNonce(token))];
  return one.length === other.length && timingSafeEqual(one, other);
}
