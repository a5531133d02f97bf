import * as z from 'zod';
import { ApplicationNameSchema, EnvironmentNameSchema, InstantSchema } from '../names.ts';

const TYPES = [
  ...['configured', 'held', 'hold-lifted', 'protected', 'protection-removed'],
  ...['state-moved', 'removal-asked', 'removed'],
  ...['created', 'extended', 'follow-changed', 'warned', 'closing', 'destruction-stuck', 'closed'],
  ...['certificate-renewed', 'certificate-failing'],
] as const;

/**
 * One event in an environment's history: its settings, holds, certificate or lifetime, with who and why. Events are
 * never edited.
 */
export const EnvironmentEventSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  at: InstantSchema,
  /** Distinguishes events of the same instant. */
  nonce: z.string().regex(/^[0-9a-f]{8}$/),
  type: z.enum(TYPES),
  by: z.string(),
  reason: z.string().optional(),
});
export type EnvironmentEvent = z.infer<typeof EnvironmentEventSchema>;
