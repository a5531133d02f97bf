import { recordOutputs } from '../domain/deployment/record-outputs.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload, NoResult } from './payload.ts';

const services = servicesOf('record-outputs');

export const handler = taskHandler({ input: DeploymentPayload, output: NoResult }, async ({ deploymentId }) => {
  await recordOutputs(services, deploymentId);
  return {};
});
