import { ApplyInspectionSchema, inspectFailedApply } from '../domain/deployment/inspect-failed-apply.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { FailedApplyPayload } from './payload.ts';

const services = FUNCTIONS['inspect-failed-apply'].services.from(process.env);

export const handler = taskHandler(
  { input: FailedApplyPayload, output: ApplyInspectionSchema },
  ({ deploymentId, error }) => inspectFailedApply(services, deploymentId, error),
);
