import { checkPlan, PlanCheckSchema } from '../domain/deployment/check-plan.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = servicesOf('check-plan');

export const handler = taskHandler({ input: DeploymentPayload, output: PlanCheckSchema }, ({ deploymentId }) =>
  checkPlan(services, deploymentId),
);
