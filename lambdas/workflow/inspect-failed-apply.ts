import { ApplyInspectionSchema, inspectFailedApply } from '../domain/deployment/inspect-failed-apply.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = servicesOf('inspect-failed-apply');

export const handler = taskHandler({ input: DeploymentPayload, output: ApplyInspectionSchema }, ({ deploymentId }) =>
  inspectFailedApply(services, deploymentId),
);
