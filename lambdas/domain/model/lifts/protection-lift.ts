import * as z from 'zod';
import { ApplicationNameSchema, EnvironmentNameSchema } from '../../names.ts';
import { LiftSchema } from './lift.ts';

/** Body of `POST …/protection-lifts`: a resource address of a plan, or the environment's own name for its destruction. */
export const ProtectionLiftRequestSchema = z.strictObject({
  /** Fits into a DynamoDB sort key of 1,024 bytes. */
  address: z
    .string()
    .min(1)
    .refine((address) => Buffer.byteLength(address) <= 1000, { error: 'at most 1000 bytes' }),
  reason: z.string().min(10).max(1000),
});

/**
 * All lifts ever given for one address of an environment, the oldest first. At most one of them can be used (rule 7).
 */
export const ProtectionLiftsSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  address: z.string(),
  lifts: z.array(LiftSchema),
});
export type ProtectionLifts = z.infer<typeof ProtectionLiftsSchema>;
