import * as z from 'zod';
import { DeploymentIdSchema } from '../domain/names.ts';
import { GateNameSchema } from '../domain/policy.ts';

/** The data of states has ids only. All other facts are read from the table. */
export const DeploymentPayload = z.object({ deploymentId: DeploymentIdSchema });
export const GatePayload = DeploymentPayload.extend({ gate: GateNameSchema });
/** `inspected` is true when the same plan is analysed again after an inspect build. */
export const AnalysisPayload = DeploymentPayload.extend({ inspected: z.boolean() });
export const NoResult = z.object({});
