import { AcquisitionSchema, acquireEnvironment } from '../domain/deployment/acquire-environment.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = FUNCTIONS['acquire-environment'].services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: AcquisitionSchema }, ({ deploymentId }) =>
  acquireEnvironment(services, deploymentId),
);
