import * as z from 'zod';
import { awaitApproval } from '../domain/approval/await-approval.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { GatePayload, NoResult } from './payload.ts';

const services = FUNCTIONS['await-approval'].services.from(process.env);

export const handler = taskHandler(
  { input: GatePayload.extend({ token: z.string().min(1).max(2048) }), output: NoResult },
  async ({ deploymentId, gate, token }) => {
    await awaitApproval(services, deploymentId, gate, token);
    return {};
  },
);
