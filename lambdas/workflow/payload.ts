import * as z from 'zod';
import { DeploymentIdSchema } from '../domain/names.ts';
import { GateNameSchema } from '../domain/policy.ts';

/** State data holds ids only; everything else is read from the table. */
export const DeploymentPayload = z.object({ deploymentId: DeploymentIdSchema });
export const GatePayload = DeploymentPayload.extend({ gate: GateNameSchema });
/** After an inspect build the same plan is analysed again. */
export const AnalysisPayload = DeploymentPayload.extend({ inspected: z.boolean() });
export const NoResult = z.object({});
