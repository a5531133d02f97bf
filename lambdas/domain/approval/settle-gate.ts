import * as z from 'zod';
import { NotHolderError } from '../errors.ts';
import { SYSTEM } from '../model/audit.ts';
import { close, type Gate, GateStatusSchema } from '../model/gate.ts';
import { gateInForce } from '../model/gates-in-force.ts';
import type { GateName } from '../policy.ts';
import type { Store, Surroundings, Transaction } from '../ports.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { secondsUntil } from './request-approval.ts';

export const SettledGateSchema = z.object({ outcome: GateStatusSchema, timeoutSeconds: z.int().min(1) });
export type SettledGate = z.infer<typeof SettledGateSchema>;

/**
 * Reads the decision from the gate's record, whatever resumed the task: nobody approves by calling SendTaskSuccess. A
 * gate that nobody decided is `expired` once its time is over. Before that it is still `open`, and the workflow goes on
 * waiting.
 */
export async function settleGate(
  { store, surroundings }: { store: Store; surroundings: Surroundings },
  deploymentId: string,
  name: GateName,
): Promise<SettledGate> {
  const now = surroundings.now();
  return store.transact(async (transaction) => {
    const gate = await transaction.get('gate', { deploymentId, gate: name });
    if (!gate) throw new NotHolderError(`settling the ${name} gate of "${deploymentId}": it was never opened`);
    const timeoutSeconds = secondsUntil(gate.expiresAt, now);
    if (gate.status !== 'open' || now < gate.expiresAt) return { outcome: gate.status, timeoutSeconds };
    transaction.put('gate', close(gate, 'expired', now));
    recordEvent(transaction, surroundings, deploymentId, 'gate-expired', undefined, { gate: name });
    const { application, environment, digest, decisions } = gate;
    const required = await requiredNow(transaction, gate);
    await recordAudit(transaction, surroundings, {
      application,
      environment,
      deploymentId,
      gate: name,
      type: 'gate-expired',
      ...SYSTEM,
      digest,
      details: { expiresAt: gate.expiresAt, required, approvals: decisions.length },
    });
    return { outcome: 'expired', timeoutSeconds };
  });
}

async function requiredNow(transaction: Transaction, gate: Gate): Promise<number> {
  const { deploymentId: id, application, environment } = gate;
  const [deployment, owner, target] = [
    await transaction.get('deployment', { id }),
    await transaction.get('application', { name: application }),
    await transaction.get('environment', { application, name: environment }),
  ];
  if (!deployment) return gate.required;
  return gateInForce(gate, deployment, { application: owner, environment: target }).required;
}
