import * as z from 'zod';
import { NotFoundError, orThrow, Refused } from '../errors.ts';
import { approverOf } from '../model/approver.ts';
import type { Deployment } from '../model/deployment.ts';
import { type Ballot, decide, type Gate, GateSchema } from '../model/gate.ts';
import { gateInForce } from '../model/gates-in-force.ts';
import { objectionToLink } from '../model/link-state.ts';
import { RefusedSchema } from '../model/request/refusal.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { GATES, type GateName } from '../policy.ts';
import type { ApprovalLink, ReadAhead, Reader, Store, Surroundings, Transaction, Workflow } from '../ports.ts';
import { resumeGate } from '../transaction/effects.ts';
import { listAll } from '../transaction/list-all.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { recordRefusedAttempt } from './refused-decision.ts';

/** The gate after a decision, or why the decision does not count. */
const JudgedSchema = z.union([GateSchema, RefusedSchema]);

interface Services {
  readonly store: Store;
  readonly workflow: Workflow;
  readonly surroundings: Surroundings;
}

export interface GateDecision extends Omit<Ballot, 'approver'> {
  readonly deploymentId: string;
  readonly gate: GateName;
  /** Address of the registered approver. */
  readonly email: string;
  /** The link with which the decision was made; a newer mail may have replaced this link. */
  readonly link?: Pick<ApprovalLink, 'round' | 'sequence'>;
}

/**
 * Counts one person's decision in one transaction, then resumes the waiting task if the gate is closed. A repeated
 * decision resumes the task again, which repairs a crash between the two steps. A refused decision is recorded in the
 * audit, too. Throws NotFoundError.
 */
export async function judgeDecision(
  { store, workflow, surroundings }: Services,
  decision: GateDecision,
  ahead: ReadAhead,
): Promise<Gate | Refused> {
  await readForDecision(ahead, decision);
  const judging = (transaction: Transaction) => judge(transaction, decision, surroundings);
  const judged = await transactOwn(store, JudgedSchema, judging, ahead);
  if (judged instanceof Refused) return judged;
  if (judged.status !== 'open') await resumeGate({ store, workflow }, decision.deploymentId, decision.gate);
  return judged;
}

/** Counts a decision as `judgeDecision` does, but throws if it is refused. Throws NotFoundError, RefusedError. */
export const decideGate = async (services: Services, decision: GateDecision): Promise<Gate> =>
  orThrow(await judgeDecision(services, decision, await services.store.readAhead()));

/** Reads in parallel the records by which a decision is judged. */
export async function readForDecision(
  ahead: Reader,
  { deploymentId, gate, email, link }: Pick<GateDecision, 'deploymentId' | 'gate' | 'email' | 'link'>,
): Promise<void> {
  const [deployment] = await Promise.all([
    ahead.get('deployment', { id: deploymentId }),
    ...GATES.map((each) => ahead.get('gate', { deploymentId, gate: each })),
    ...(link ? [ahead.get('linkState', { deploymentId, gate, round: link.round, email })] : []),
  ]);
  if (!deployment) return;
  const { application, environment } = deployment;
  await Promise.all([
    ahead.get('approver', { application, email }),
    ahead.get('application', { name: application }),
    ahead.get('environment', { application, name: environment }),
    ahead.get('auditHead', { application }),
  ]);
}

/** Counts the decision of an API caller as a decision of the approver that the caller maps to. */
export async function decideAsCaller(
  services: Services,
  { principal, ...decision }: Omit<GateDecision, 'email' | 'via' | 'link'> & { readonly principal: string },
): Promise<Gate> {
  const { store, surroundings } = services;
  const deployment = await store.get('deployment', { id: decision.deploymentId });
  if (!deployment) throw new NotFoundError('deployment', decision.deploymentId);
  const { application } = deployment;
  const approver = approverOf(principal, await listAll(store, LISTINGS.approvers(application)));
  if (approver) return decideGate(services, { ...decision, email: approver.email, via: 'api', principal });
  const refused = new Refused('not-an-approver', `${principal} maps to no approver of "${application}"`);
  const attempt = { ...decision, by: principal, via: 'api', principal } as const;
  const judged = await transactOwn(store, JudgedSchema, async (transaction) => {
    await recordRefusedAttempt(transaction, surroundings, deployment, attempt, refused);
    return refused;
  });
  return orThrow(judged);
}

type Gates = ReadonlyMap<GateName, Gate>;

/** Returns the gate after the decision, or the reason why the decision does not count. */
async function judge(
  transaction: Transaction,
  decision: GateDecision,
  surroundings: Surroundings,
): Promise<Gate | Refused> {
  const { deploymentId } = decision;
  const deployment = await transaction.get('deployment', { id: deploymentId });
  if (!deployment) throw new NotFoundError('deployment', deploymentId);
  const gates = new Map<GateName, Gate>();
  for (const each of GATES) {
    const found = await transaction.get('gate', { deploymentId, gate: each });
    if (found) gates.set(each, found);
  }
  const judged = await count(transaction, deployment, gates, decision, surroundings);
  if (!(judged instanceof Refused)) return judged;
  const attempt = { ...decision, by: decision.email, round: gates.get(decision.gate)?.round };
  await recordRefusedAttempt(transaction, surroundings, deployment, attempt, judged);
  return judged;
}

const TYPE = { approve: 'approved', reject: 'rejected' } as const;

/** Returns the gate with the decision counted. A refused decision writes nothing. */
async function count(
  transaction: Transaction,
  deployment: Deployment,
  gates: Gates,
  { deploymentId, gate: name, email, link, ...ballot }: GateDecision,
  surroundings: Surroundings,
): Promise<Gate | Refused> {
  const { application, environment } = deployment;
  const [approver, owner, target] = [
    await transaction.get('approver', { application, email }),
    await transaction.get('application', { name: application }),
    await transaction.get('environment', { application, name: environment }),
  ];
  if (!approver) return new Refused('not-an-approver', `${email} is no approver of "${application}"`);
  if (link) {
    const key = { deploymentId, gate: name, round: link.round, email };
    const replaced = objectionToLink(await transaction.get('linkState', key), link.sequence);
    if (replaced) return replaced;
  }
  const gate = gates.get(name);
  if (!gate || !owner || !target)
    return new Refused(
      'gate-not-open',
      `the ${name} gate of "${deploymentId}" is not open (the deployment is ${deployment.status})`,
    );
  if (link && link.round !== gate.round)
    return new Refused('digest-differs', `the link is about plan ${link.round}, the gate about ${gate.round}`);
  const { stage } = target;
  const demanded = gateInForce(gate, deployment, { application: owner, environment: target });
  const otherGates = [...gates.values()].filter((other) => other.gate !== name);
  const facts = { now: surroundings.now(), stage, deployment, otherGates };
  const decided = decide(demanded, { ...ballot, approver }, facts);
  if (decided instanceof Refused) return decided;
  if (decided === demanded) return gate;
  transaction.put('gate', decided);
  const { decision, digest, via, comment, principal } = ballot;
  const how = { digest, via, ...(comment && { comment }), ...(principal && { principal }) };
  recordEvent(transaction, surroundings, deploymentId, TYPE[decision], email, { gate: name, ...how });
  await recordAudit(transaction, surroundings, {
    application,
    environment,
    deploymentId,
    gate: name,
    type: TYPE[decision],
    by: email,
    ...how,
    details: { gateStatus: decided.status, required: decided.required },
  });
  return decided;
}
