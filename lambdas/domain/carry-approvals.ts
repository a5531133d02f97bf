import type { DeploymentIn, Planned } from './deployment.ts';
import { approvalsOf, carryOver, type Gate, voidDecisions } from './gate.ts';
import { GATES, type GateName } from './policy.ts';
import type { Surroundings, Transaction } from './ports.ts';
import { recordEvent } from './record-event.ts';

/**
 * Rule 3, when a plan was made again: approvals of a plan that meant the same count for this one too; those of another
 * plan are void. Answers the gates that are left to pass, in order. Repeated, it finds its work done.
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
      recordEvent(
        transaction,
        surroundings,
        id,
        gate.status === 'void' ? 'approvals-voided' : 'approvals-carried',
        undefined,
        {
          ...{ gate: name, digest: planned.digest, before: before.digest },
          approvers: approvalsOf(before).map(({ by }) => by),
        },
      );
    }
    const isPassed = gate?.status === 'approved' && gate.round === planned.round;
    if (required && !isPassed) left.push(name);
  }
  return left;
}

function renewed(gate: Gate, planned: Planned, required: number, now: string): Gate {
  if (gate.round === planned.round) return gate;
  if (gate.changeDigest !== planned.changeDigest) return gate.status === 'void' ? gate : voidDecisions(gate, now);
  // Too few for what is demanded now: RequestApproval opens the gate anew, and they count there.
  return approvalsOf(gate).length < required ? gate : carryOver(gate, planned, required, now);
}
