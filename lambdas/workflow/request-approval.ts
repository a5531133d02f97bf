import { ApprovalRequestSchema, requestApproval } from '../domain/approval/request-approval.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { GatePayload } from './payload.ts';

const services = FUNCTIONS['request-approval'].services.from(process.env);

export const handler = taskHandler({ input: GatePayload, output: ApprovalRequestSchema }, ({ deploymentId, gate }) =>
  requestApproval(services, deploymentId, gate),
);
