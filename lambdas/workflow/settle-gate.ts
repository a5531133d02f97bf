import { SettledGateSchema, settleGate } from '../domain/approval/settle-gate.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { GatePayload } from './payload.ts';

const services = FUNCTIONS['settle-gate'].services.from(process.env);

export const handler = taskHandler({ input: GatePayload, output: SettledGateSchema }, ({ deploymentId, gate }) =>
  settleGate(services, deploymentId, gate),
);
