import { announceEnding } from '../domain/deployment/announce-ending.ts';
import { FUNCTIONS } from '../functions.ts';
import { countEnding } from '../runtime/metrics.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload, NoResult } from './payload.ts';

const services = FUNCTIONS.announce.services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: NoResult }, async ({ deploymentId }) => {
  countEnding(await announceEnding(services, deploymentId));
  return {};
});
