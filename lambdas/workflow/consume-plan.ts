import { ConsumptionSchema, consumePlan } from '../domain/deployment/consume-plan.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = FUNCTIONS['consume-plan'].services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: ConsumptionSchema }, ({ deploymentId }) =>
  consumePlan(services, deploymentId),
);
