import { ConsumptionSchema, consumePlan } from '../domain/deployment/consume-plan.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = servicesOf('consume-plan');

export const handler = taskHandler({ input: DeploymentPayload, output: ConsumptionSchema }, ({ deploymentId }) =>
  consumePlan(services, deploymentId),
);
