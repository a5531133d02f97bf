import { checkPlan, PlanCheckSchema } from '../domain/deployment/check-plan.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = FUNCTIONS['check-plan'].services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: PlanCheckSchema }, ({ deploymentId }) =>
  checkPlan(services, deploymentId),
);
