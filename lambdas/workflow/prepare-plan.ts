import { PreparedPlanSchema, preparePlan } from '../domain/build/prepare-plan.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = servicesOf('prepare-plan');

export const handler = taskHandler({ input: DeploymentPayload, output: PreparedPlanSchema }, ({ deploymentId }) =>
  preparePlan(services, deploymentId),
);
