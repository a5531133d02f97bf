import { announceEnding } from '../domain/deployment/announce-ending.ts';
import { countEnding } from '../runtime/metrics.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload, NoResult } from './payload.ts';

const services = servicesOf('announce');

export const handler = taskHandler({ input: DeploymentPayload, output: NoResult }, async ({ deploymentId }) => {
  countEnding(await announceEnding(services, deploymentId));
  return {};
});
