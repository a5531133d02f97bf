import { createHmac, timingSafeEqual } from 'node:crypto';

const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/**
 * Returns whether the signature in `X-Hub-Signature-256` matches the body under one of the secrets. It tries all of
 * them, so the response time does not reveal which one matched.
 */
export function isSignedBy(secrets: readonly string[], body: Uint8Array, signature: string | undefined): boolean {
  const [, hex] = SIGNATURE.exec(signature ?? '') ?? [];
  if (!hex) return false;
  const given = Buffer.from(hex, 'hex');
  return secrets
    .map((secret) => timingSafeEqual(createHmac('sha256', secret).update(body).digest(), given))
    .some(Boolean);
}
