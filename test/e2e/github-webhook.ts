import { randomUUID } from 'node:crypto';
import { GenerateMacCommand } from '@aws-sdk/client-kms';
import { githubHeaders, signatureOf } from '../harness/github-payloads.ts';
import type { Answer, TestCloud } from './test-cloud.ts';

export interface Delivery {
  readonly event?: string;
  readonly id?: string;
  readonly secret?: string;
  readonly query?: string;
  readonly contentType?: string;
  readonly signature?: string;
}

/** Returns the secret of a webhook in the way in which docs/webhook.md prints it with the AWS CLI. */
export async function webhookSecretOf(cloud: TestCloud, name = 'github/1'): Promise<string> {
  const { Mac = new Uint8Array() } = await cloud.operator.kms.send(
    new GenerateMacCommand({
      KeyId: 'alias/stagegate-webhooks',
      MacAlgorithm: 'HMAC_SHA_256',
      Message: Buffer.from(name),
    }),
  );
  return Buffer.from(Mac).toString('base64');
}

/** Sends a delivery as GitHub does; by default a push with a valid signature. */
export async function deliverToWebhook(
  cloud: TestCloud,
  payload: unknown,
  delivery: Delivery = {},
): Promise<Answer & { readonly text: string }> {
  const { event = 'push', id = randomUUID(), query = '', contentType = 'application/json' } = delivery;
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const { signature = signatureOf(delivery.secret ?? (await webhookSecretOf(cloud)), body) } = delivery;
  const response = await fetch(`${cloud.url}/webhooks/github${query}`, {
    method: 'POST',
    headers: { ...githubHeaders(event, id, signature), 'content-type': contentType },
    body,
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text), text };
}
