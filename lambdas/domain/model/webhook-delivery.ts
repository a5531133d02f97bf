import * as z from 'zod';
import { InstantSchema } from '../names.ts';

/**
 * A delivery under one of its two names: the id that its sender gave it, or the digest of its body. Only the body is
 * signed, so a delivery that is replayed under a new id is recognised by its other name.
 */
export const WebhookDeliverySchema = z.object({
  /** `id#<id>` or `body#<SHA-256>` */
  mark: z.string().max(200),
  /** `taken`: a request is processing the delivery. `failed`: it may be delivered again. */
  state: z.enum(['taken', 'published', 'failed']),
  /** When the delivery was taken. */
  at: InstantSchema,
});
export type WebhookDelivery = z.infer<typeof WebhookDeliverySchema>;
