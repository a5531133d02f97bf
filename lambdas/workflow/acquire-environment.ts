import { AcquisitionSchema, acquireEnvironment } from '../domain/deployment/acquire-environment.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = servicesOf('acquire-environment');

export const handler = taskHandler({ input: DeploymentPayload, output: AcquisitionSchema }, ({ deploymentId }) =>
  acquireEnvironment(services, deploymentId),
);
