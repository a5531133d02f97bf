import { PreparedPlanSchema, preparePlan } from '../domain/build/prepare-plan.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { PlanPayload } from './payload.ts';

const services = FUNCTIONS['prepare-plan'].services.from(process.env);

export const handler = taskHandler({ input: PlanPayload, output: PreparedPlanSchema }, ({ deploymentId, unstarted }) =>
  preparePlan(services, deploymentId, unstarted),
);
