import { SYSTEM } from '../model/audit.ts';
import type { DeploymentIn, Planned } from '../model/deployment.ts';
import { approvalsOf, carryOver, type Gate, voidDecisions } from '../model/gate.ts';
import { GATES, type GateName } from '../policy.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEvent } from '../transaction/record-event.ts';

/**
 * Applies rule 3 to a plan that was made again: approvals of an earlier plan that would do the same count for this plan
 * too; approvals of a different plan become void. Returns the gates that are left to pass, in order. Safe to repeat: a
 * second call finds nothing left to do.
 */
export async function carryApprovals(
  transaction: Transaction,
  { id }: DeploymentIn<'planning'>,
  planned: Planned,
  surroundings: Surroundings,
): Promise<GateName[]> {
  const left: GateName[] = [];
  for (const name of GATES) {
    const required = planned.gates.find(({ gate }) => gate === name)?.required;
    const before = await transaction.get('gate', { deploymentId: id, gate: name });
    const gate = before && renewed(before, planned, required ?? before.required, surroundings.now());
    if (gate && gate !== before) {
      transaction.put('gate', gate);
      await tellOfApprovals(transaction, surroundings, before, planned, gate.status === 'void' ? 'voided' : 'carried');
    }
    const isPassed = gate?.status === 'approved' && gate.round === planned.round;
    if (required && !isPassed) left.push(name);
  }
  return left;
}

/**
 * Records approvals that were carried over or voided, in the deployment's events and in the audit: a plan that nobody
 * was shown is applied because the people named there approved an earlier one.
 */
export async function tellOfApprovals(
  transaction: Transaction,
  surroundings: Surroundings,
  before: Gate,
  { digest }: Planned,
  what: 'carried' | 'voided',
): Promise<void> {
  const { deploymentId, application, environment, gate } = before;
  const type = `approvals-${what}` as const;
  const details = { before: before.digest, approvers: approvalsOf(before).map(({ by }) => by) };
  recordEvent(transaction, surroundings, deploymentId, type, undefined, { gate, digest, ...details });
  if (before.decisions.length > 0)
    await recordAudit(transaction, surroundings, {
      application,
      environment,
      deploymentId,
      gate,
      type,
      ...SYSTEM,
      digest,
      details,
    });
}

function renewed(gate: Gate, planned: Planned, required: number, now: string): Gate {
  if (gate.round === planned.round) return gate;
  if (gate.changeDigest !== planned.changeDigest) return gate.status === 'void' ? gate : voidDecisions(gate, now);
  // Fewer approvals than are required now: RequestApproval opens the gate again, and they count there.
  return approvalsOf(gate).length < required ? gate : carryOver(gate, planned, required, now);
}
