import { releaseEnvironment } from '../domain/deployment/release-environment.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload, NoResult } from './payload.ts';

const services = FUNCTIONS['release-environment'].services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: NoResult }, async ({ deploymentId }) => {
  await releaseEnvironment(services, deploymentId);
  return {};
});
