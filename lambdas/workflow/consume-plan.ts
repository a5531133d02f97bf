import { ConsumptionSchema, consumePlan } from '../domain/deployment/consume-plan.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { ConsumptionPayload } from './payload.ts';

const services = FUNCTIONS['consume-plan'].services.from(process.env);

export const handler = taskHandler(
  { input: ConsumptionPayload, output: ConsumptionSchema },
  ({ deploymentId, canWait }) => consumePlan(services, deploymentId, { canWait }),
);
