import { analyzeDeploymentPlan, PlanVerdictSchema } from '../domain/analyze-deployment-plan.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = servicesOf('analyze-plan');

export const handler = taskHandler({ input: DeploymentPayload, output: PlanVerdictSchema }, ({ deploymentId }) =>
  analyzeDeploymentPlan(services, deploymentId),
);
