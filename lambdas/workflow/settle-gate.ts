import * as z from 'zod';
import { settleGate } from '../domain/approval/settle-gate.ts';
import { GateStatusSchema } from '../domain/model/gate.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { GatePayload } from './payload.ts';

const services = FUNCTIONS['settle-gate'].services.from(process.env);

export const handler = taskHandler(
  { input: GatePayload, output: z.object({ outcome: GateStatusSchema, timeoutSeconds: z.int().min(1) }) },
  ({ deploymentId, gate }) => settleGate(services, deploymentId, gate),
);
