import { awaitApproval } from '../domain/approval/await-approval.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { NoResult, WaitPayload } from './payload.ts';

const services = FUNCTIONS['await-approval'].services.from(process.env);

export const handler = taskHandler({ input: WaitPayload, output: NoResult }, async ({ deploymentId, gate, token }) => {
  await awaitApproval(services, deploymentId, gate, token);
  return {};
});
