import { keepTree } from '../domain/build/keep-tree.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload, NoResult } from './payload.ts';

const services = FUNCTIONS['keep-tree'].services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: NoResult }, async ({ deploymentId }) => {
  await keepTree(services, deploymentId);
  return {};
});
