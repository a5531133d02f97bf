import * as z from 'zod';
import { DeploymentIdSchema, InstantSchema, Sha256Schema } from '../names.ts';
import { EnvironmentStateSchema } from './environment-state.ts';

/** A plan digest that has been given to an apply build, and the deployment of that build (rule 2). */
export const ConsumedPlanSchema = z.object({
  digest: Sha256Schema,
  deploymentId: DeploymentIdSchema,
  at: InstantSchema,
  /** What the apply changes in the record of the environment before it begins; absent in older records. */
  before: EnvironmentStateSchema.pick({
    newestStarted: true,
    appliedCommit: true,
    resources: true,
    hold: true,
  }).optional(),
});
export type ConsumedPlan = z.infer<typeof ConsumedPlanSchema>;
