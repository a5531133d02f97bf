import { RefusedError } from '../../domain/errors.ts';
import type { WebhookSecrets } from '../../domain/ports.ts';
import { isSignedBy } from '../../domain/webhook/signature.ts';
import type { RequestFacts } from '../../runtime/operation.ts';

/** Lambda takes 6 MB with everything that the gateway adds to a body; the encoding of a form adds a third. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Throws RefusedError unless somebody with the secret, such as GitHub, sent exactly this body. */
export async function requireSignature(
  secrets: WebhookSecrets,
  part: string | undefined,
  { headers, bytes }: RequestFacts['sent'],
): Promise<void> {
  if (bytes.length > MOST_BYTES)
    throw new RefusedError('too-large', `a webhook of ${bytes.length} bytes; the most is ${MOST_BYTES}`);
  const valid = await secrets.of(part);
  if (valid.length === 0) throw new RefusedError('webhook-off', 'no webhook secret is valid here');
  if (!isSignedBy(valid, bytes, headers['x-hub-signature-256']))
    throw new RefusedError('signature-invalid', 'X-Hub-Signature-256 is missing or does not match the body');
}
