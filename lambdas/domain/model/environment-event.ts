import * as z from 'zod';
import { ApplicationNameSchema, EnvironmentNameSchema, InstantSchema } from '../names.ts';

const TYPES = [
  ...['configured', 'held', 'hold-lifted', 'protected', 'protection-removed'],
  ...['state-moved', 'removal-asked', 'removed'],
  ...['created', 'extended', 'follow-changed', 'warned', 'closing', 'destruction-stuck', 'closed'],
  ...['certificate-renewed', 'certificate-failing'],
] as const;

/** One line of an environment's own story: settings, holds, its certificate, its life; who, and why; never edited. */
export const EnvironmentEventSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  at: InstantSchema,
  /** Tells apart events of the same instant. */
  nonce: z.string().regex(/^[0-9a-f]{8}$/),
  type: z.enum(TYPES),
  by: z.string(),
  reason: z.string().optional(),
});
export type EnvironmentEvent = z.infer<typeof EnvironmentEventSchema>;
