import { recordOutputs } from '../domain/deployment/record-outputs.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload, NoResult } from './payload.ts';

const services = FUNCTIONS['record-outputs'].services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: NoResult }, async ({ deploymentId }) => {
  await recordOutputs(services, deploymentId);
  return {};
});
