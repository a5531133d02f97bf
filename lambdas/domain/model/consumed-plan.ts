import * as z from 'zod';
import { DeploymentIdSchema, InstantSchema, Sha256Schema } from '../names.ts';

/** A plan digest that has been given to an apply build, and the deployment of that build (rule 2). */
export const ConsumedPlanSchema = z.object({
  digest: Sha256Schema,
  deploymentId: DeploymentIdSchema,
  at: InstantSchema,
});
