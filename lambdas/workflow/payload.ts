import * as z from 'zod';
import { DeploymentIdSchema } from '../domain/names.ts';
import { GateNameSchema } from '../domain/policy.ts';

/** The data of states has ids only. All other facts are read from the table. */
export const DeploymentPayload = z.object({ deploymentId: DeploymentIdSchema });
/**
 * `unstarted`: the token of a plan build that could not be started; empty before the first attempt. Definitions from
 * before attempts were counted do not send it.
 */
export const PlanPayload = DeploymentPayload.extend({ unstarted: z.string().max(128).optional() });
/**
 * `error`: the name of the error with which Apply ended. Only definitions that know every outcome send it.
 */
export const FailedApplyPayload = DeploymentPayload.extend({ error: z.string().max(1000).optional() });
export const GatePayload = DeploymentPayload.extend({ gate: GateNameSchema });
/** `token` resumes the waiting task. */
export const WaitPayload = GatePayload.extend({ token: z.string().min(1).max(2048) });
/**
 * `canWait` is true in definitions that know the answers `banned` and `unchecked`. Executions that began with an older
 * definition are not given them.
 */
export const ConsumptionPayload = DeploymentPayload.extend({ canWait: z.boolean().default(false) });
/** `inspected` is true when the same plan is analysed again after an inspect build. */
export const AnalysisPayload = DeploymentPayload.extend({ inspected: z.boolean() });
export const NoResult = z.object({});
