import { approverOf } from './approver.ts';
import { type Effects, NO_EFFECTS, resumeGate } from './effects.ts';
import { NotFoundError, RefusedError } from './errors.ts';
import { type Ballot, decide, type Gate } from './gate.ts';
import { GATES, type GateName } from './policy.ts';
import type { Store, Surroundings, Transaction, Workflow } from './ports.ts';
import { recordEvent } from './record-event.ts';
import { LISTINGS } from './records.ts';

interface Services {
  readonly store: Store;
  readonly workflow: Workflow;
  readonly surroundings: Surroundings;
}

export interface GateDecision extends Omit<Ballot, 'approver'> {
  readonly deploymentId: string;
  readonly gate: GateName;
  /** The registered approver; an API caller's is found by `approverOfCaller`. */
  readonly email: string;
}

/**
 * Counts one person's decision in one transaction, then resumes the waiting task if that closed the gate. Repeating a
 * decision resumes again: so a crash between the two heals. Throws NotFoundError, RefusedError.
 */
export async function decideGate({ store, workflow, surroundings }: Services, decision: GateDecision): Promise<Gate> {
  const { gate, effects } = await store.transact((transaction) => record(transaction, decision, surroundings));
  for (const { deploymentId, gate: name } of effects.resume) await resumeGate({ store, workflow }, deploymentId, name);
  return gate;
}

const EVENT_TYPE = { approve: 'approved', reject: 'rejected' } as const;

async function record(
  transaction: Transaction,
  { deploymentId, gate: name, email, ...ballot }: GateDecision,
  surroundings: Surroundings,
): Promise<{ gate: Gate; effects: Effects }> {
  const deployment = await transaction.get('deployment', { id: deploymentId });
  if (!deployment) throw new NotFoundError('deployment', deploymentId);
  const { application } = deployment;
  const [approver, environment] = [
    await transaction.get('approver', { application, email }),
    await transaction.get('environment', { application, name: deployment.environment }),
  ];
  if (!approver) throw new RefusedError('not-an-approver', `${email} is no approver of "${application}"`);
  const gates = new Map<GateName, Gate>();
  for (const each of GATES) {
    const found = await transaction.get('gate', { deploymentId, gate: each });
    if (found) gates.set(each, found);
  }
  const gate = gates.get(name);
  if (!gate || !environment)
    throw new RefusedError(
      'gate-not-open',
      `the ${name} gate of "${deploymentId}" is not open (the deployment is ${deployment.status})`,
    );
  const decided = decide(
    gate,
    { ...ballot, approver },
    {
      now: surroundings.now(),
      stage: environment.stage,
      deployment,
      otherGates: [...gates.values()].filter((other) => other.gate !== name),
    },
  );
  if (decided !== gate) {
    transaction.put('gate', decided);
    recordEvent(transaction, surroundings, deploymentId, EVENT_TYPE[ballot.decision], email, {
      ...{ gate: name, digest: ballot.digest, via: ballot.via },
      ...(ballot.comment && { comment: ballot.comment }),
      ...(ballot.principal && { principal: ballot.principal }),
    });
  }
  const isClosed = decided.status !== 'open';
  return { gate: decided, effects: { ...NO_EFFECTS, resume: isClosed ? [{ deploymentId, gate: name }] : [] } };
}

/** The approver an API caller stands for. Throws RefusedError `not-an-approver`. */
export async function approverOfCaller(store: Store, application: string, principal: string): Promise<string> {
  const { items } = await store.list(LISTINGS.approvers(application), { limit: 500 });
  const approver = approverOf(principal, items);
  if (!approver) throw new RefusedError('not-an-approver', `${principal} maps to no approver of "${application}"`);
  return approver.email;
}
