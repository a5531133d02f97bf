import * as z from 'zod';
import type { WebhookSecrets } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { listed } from './listed.ts';
import { service } from './service-set.ts';

export const webhookSecrets = service(
  {
    WEBHOOK_KEY_ID: z.string().min(1),
    /** The valid generations of the secret, comma-separated. An empty list switches webhooks off. */
    WEBHOOK_GENERATIONS: z.string().regex(/^(?:\d+(?:,\d+)*)?$/),
  },
  ({ WEBHOOK_KEY_ID, WEBHOOK_GENERATIONS }) => ({
    webhookSecrets: lazyPort<WebhookSecrets>(
      'KMS',
      async () =>
        new (await import('../../adapters/kms-webhook-secrets.ts')).KmsWebhookSecrets(
          WEBHOOK_KEY_ID,
          listed(WEBHOOK_GENERATIONS),
        ),
    ),
  }),
);
