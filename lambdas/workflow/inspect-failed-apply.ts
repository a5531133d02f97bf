import { ApplyInspectionSchema, inspectFailedApply } from '../domain/deployment/inspect-failed-apply.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = FUNCTIONS['inspect-failed-apply'].services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: ApplyInspectionSchema }, ({ deploymentId }) =>
  inspectFailedApply(services, deploymentId),
);
