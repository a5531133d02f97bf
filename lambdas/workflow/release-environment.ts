import { releaseEnvironment } from '../domain/deployment/release-environment.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload, NoResult } from './payload.ts';

const services = servicesOf('release-environment');

export const handler = taskHandler({ input: DeploymentPayload, output: NoResult }, async ({ deploymentId }) => {
  await releaseEnvironment(services, deploymentId);
  return {};
});
