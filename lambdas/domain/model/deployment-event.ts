import * as z from 'zod';
import { DeploymentIdSchema, InstantSchema } from '../names.ts';

/** One event in a deployment's history, shown to people. Events are never edited. */
export const DeploymentEventSchema = z.object({
  deploymentId: DeploymentIdSchema,
  at: InstantSchema,
  /** Distinguishes events of the same instant. */
  nonce: z.string().regex(/^[0-9a-f]{8}$/),
  type: z.string(),
  by: z.string().optional(),
  details: z.record(z.string(), z.json()).optional(),
});
export type DeploymentEvent = z.infer<typeof DeploymentEventSchema>;
