import * as z from 'zod';
import { Refused } from '../errors.ts';
import {
  ApplicationNameSchema,
  DeploymentIdSchema,
  EmailSchema,
  EnvironmentNameSchema,
  InstantSchema,
  Sha256Schema,
} from '../names.ts';
import { type GateName, GateNameSchema, type Stage } from '../policy.ts';
import { type Approver, standsFor } from './approver.ts';
import type { Deployment, Planned } from './deployment.ts';

/** One person's decision on one gate for one plan digest. Append-only. */
export const DecisionSchema = z.object({
  decision: z.enum(['approve', 'reject']),
  by: EmailSchema,
  via: z.enum(['link', 'api']),
  /** The API caller; absent for a link. */
  principal: z.string().optional(),
  at: InstantSchema,
  comment: z.string().max(2000).optional(),
  digest: Sha256Schema,
});
export type Decision = z.infer<typeof DecisionSchema>;

/** `open` until the first of: enough approvals, a rejection, a clock, a request, a newer release; `void` when the deployment failed, was blocked, or got another plan meanwhile. */
export const GateStatusSchema = z.enum(['open', 'approved', 'rejected', 'expired', 'canceled', 'superseded', 'void']);
export type GateStatus = z.infer<typeof GateStatusSchema>;

/** A decision a deployment waits for. */
export const GateSchema = z.object({
  deploymentId: DeploymentIdSchema,
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  gate: GateNameSchema,
  status: GateStatusSchema,
  /** Distinct approvers it takes. */
  required: z.int().min(1),
  /** The plan it is about: round and digest of the deployment's plan when the gate was opened. */
  round: z.int().min(1),
  digest: Sha256Schema,
  changeDigest: Sha256Schema,
  decisions: z.array(DecisionSchema),
  /** Plans made before this one that meant the same: what was decided about them counts (rule 3). */
  carried: z.array(z.object({ round: z.int().min(1), digest: Sha256Schema, at: InstantSchema })),
  /** Decisions about plans that meant something else; they are kept and do not count any more. */
  voided: z.array(DecisionSchema),
  openedAt: InstantSchema,
  expiresAt: InstantSchema,
  closedAt: InstantSchema.optional(),
});
export type Gate = z.infer<typeof GateSchema>;

/** A waiting Step Functions task; stored apart, because it never leaves the backend (rule 9). */
export const TaskTokenSchema = z.object({
  deploymentId: DeploymentIdSchema,
  gate: GateNameSchema,
  token: z.string().min(1).max(2048),
  /** Tokens stored before: a retried task has a new one, and the two may be stored in the wrong order. */
  earlier: z.array(z.string()).optional(),
  storedAt: InstantSchema,
});

export const approvalsOf = (gate: Gate): Decision[] => gate.decisions.filter(({ decision }) => decision === 'approve');

export interface Ballot {
  readonly decision: 'approve' | 'reject';
  readonly approver: Approver;
  readonly via: 'link' | 'api';
  readonly principal?: string;
  readonly comment?: string;
  /** Digest of the plan the person saw. */
  readonly digest: string;
}

/**
 * Rules 3 and 10: counts one decision, or refuses it saying why. A repeated equal decision of the same person is not
 * an error: the gate comes back as it is.
 */
export function decide(gate: Gate, ballot: Ballot, facts: DecisionFacts): Gate | Refused {
  const { approver } = ballot;
  if (!approver.gates.includes(gate.gate))
    return new Refused('not-an-approver', `${approver.email} is no ${gate.gate} approver of "${gate.application}"`);
  if (ballot.digest !== gate.digest)
    return new Refused('digest-differs', `the decision is about plan ${ballot.digest}, the gate about ${gate.digest}`);
  const earlier = gate.decisions.find(({ by }) => by === approver.email);
  if (earlier?.decision === ballot.decision) return gate;
  if (earlier)
    return new Refused('already-decided', `${approver.email} decided to ${earlier.decision} at ${earlier.at}`);
  if (gate.status !== 'open')
    return new Refused(
      'gate-not-open',
      `the ${gate.gate} gate is ${gate.status}${gate.closedAt ? ` since ${gate.closedAt}` : ''}`,
    );
  if (facts.now >= gate.expiresAt)
    return new Refused('gate-expired', `the ${gate.gate} gate expired at ${gate.expiresAt}`);
  const dependent = objectionToApproval(gate, ballot, facts);
  if (dependent) return dependent;
  const decision: Decision = {
    decision: ballot.decision,
    by: approver.email,
    via: ballot.via,
    at: facts.now,
    digest: ballot.digest,
    ...(ballot.principal && { principal: ballot.principal }),
    ...(ballot.comment && { comment: ballot.comment }),
  };
  const decided: Gate = { ...gate, decisions: [...gate.decisions, decision] };
  if (ballot.decision === 'reject') return close(decided, 'rejected', facts.now);
  return approvalsOf(decided).length >= gate.required ? close(decided, 'approved', facts.now) : decided;
}

export interface DecisionFacts {
  readonly now: string;
  readonly stage: Stage;
  readonly deployment: Pick<Deployment, 'requestedBy'>;
  /** The other gates of the same deployment. */
  readonly otherGates: readonly Gate[];
}

/**
 * Rule 10: whoever asked for a production deployment cannot give its staff approval. Also somebody who was registered
 * as an approver, or under another address, only after asking.
 */
export const isOwnRequest = (
  gate: GateName,
  stage: Stage,
  { requestedBy }: Pick<Deployment, 'requestedBy'>,
  approver: Approver,
): boolean =>
  stage === 'production' &&
  gate === 'staff' &&
  (requestedBy.approver === approver.email || standsFor(approver, requestedBy));

/** Approvals of one deployment come from different people, and none from whoever asked for it. */
function objectionToApproval(
  gate: Gate,
  ballot: Ballot,
  { stage, deployment, otherGates }: DecisionFacts,
): Refused | undefined {
  if (ballot.decision !== 'approve') return undefined;
  const { email } = ballot.approver;
  if (isOwnRequest(gate.gate, stage, deployment, ballot.approver))
    return new Refused(
      'own-request',
      `${email} asked for this production deployment and cannot give its staff approval`,
    );
  if (otherGates.some((other) => approvalsOf(other).some(({ by }) => by === email)))
    return new Refused('one-person-one-gate', `${email} has approved another gate of this deployment`);
  return objectionToSession(gate, ballot, otherGates);
}

/** Whoever a session was taken for before, it is one person: it fills one seat. */
function objectionToSession(
  gate: Gate,
  { approver, principal }: Ballot,
  otherGates: readonly Gate[],
): Refused | undefined {
  if (principal === undefined) return undefined;
  const before = [gate, ...otherGates]
    .flatMap(approvalsOf)
    .find((approval) => approval.principal === principal && approval.by !== approver.email);
  return before && new Refused('one-session-one-seat', `${principal} has approved this deployment as ${before.by}`);
}

/** Does what was decided about the plan with this digest count at the gate? */
export const isAbout = ({ digest, carried }: Pick<Gate, 'digest' | 'carried'>, other: string): boolean =>
  other === digest || carried.some((plan) => plan.digest === other);

/** The gate as one of a new plan that means the same; what was decided is still decided. */
export function carryOver(gate: Gate, planned: Planned, required: number, now: string): Gate {
  const { round, digest } = planned;
  const carried = [...gate.carried, { round: gate.round, digest: gate.digest, at: now }];
  return { ...gate, round, digest, required, carried };
}

/** The gate after its plan was made again and means something else: nothing is decided any more. */
export function voidDecisions(gate: Gate, now: string): Gate {
  const voided = [...gate.voided, ...gate.decisions];
  return { ...gate, status: 'void', decisions: [], carried: [], voided, closedAt: now };
}

export function close(gate: Gate, status: Exclude<GateStatus, 'open'>, now: string): Gate {
  if (gate.status !== 'open')
    throw new Error(`gate "${gate.gate}" of "${gate.deploymentId}" is already ${gate.status}`);
  return { ...gate, status, closedAt: now };
}
