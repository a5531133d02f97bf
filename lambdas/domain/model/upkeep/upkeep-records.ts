import * as z from 'zod';
import { ApplicationNameSchema, EnvironmentNameSchema, InstantSchema } from '../../names.ts';

/** What the scheduled functions keep about the installation. */

/** A record that could not be read when it was last looked at. Names it, and says what does not fit; never a value. */
export const UnreadableRecordSchema = z.object({
  kind: z.string(),
  pk: z.string(),
  sk: z.string(),
  problems: z.array(z.string()),
  since: InstantSchema,
});
export type UnreadableRecord = z.infer<typeof UnreadableRecordSchema>;

/** An environment whose newest success may still have to be promoted automatically. */
export const OwedPromotionSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  since: InstantSchema,
});
export type OwedPromotion = z.infer<typeof OwedPromotionSchema>;

/** What SNS said of the subscriptions when all approvers were last compared with it. */
export const SubscriptionSweepSchema = z.object({ digest: z.string(), at: InstantSchema });
