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

/**
 * `open` until the first of these: enough approvals, a rejection, the expiry, a request to cancel, a newer release.
 * `void` when the deployment failed, was blocked, or got another plan meanwhile.
 */
export const GateStatusSchema = z.enum(['open', 'approved', 'rejected', 'expired', 'canceled', 'superseded', 'void']);
export type GateStatus = z.infer<typeof GateStatusSchema>;

/** A decision that a deployment waits for. */
export const GateSchema = z.object({
  deploymentId: DeploymentIdSchema,
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  gate: GateNameSchema,
  status: GateStatusSchema,
  /** Number of distinct approvers that are needed. */
  required: z.int().min(1),
  /** The plan that the gate is about: its round and its digests. */
  round: z.int().min(1),
  digest: Sha256Schema,
  changeDigest: Sha256Schema,
  decisions: z.array(DecisionSchema),
  /** Earlier plans that meant the same. Decisions about them count (rule 3). */
  carried: z.array(z.object({ round: z.int().min(1), digest: Sha256Schema, at: InstantSchema })),
  /** Decisions about plans that meant something else. They are kept, but no longer count. */
  voided: z.array(DecisionSchema),
  openedAt: InstantSchema,
  expiresAt: InstantSchema,
  closedAt: InstantSchema.optional(),
});
export type Gate = z.infer<typeof GateSchema>;

/**
 * The token of a waiting Step Functions task. It is stored separately, because it never leaves the backend (rule 9).
 */
export const TaskTokenSchema = z.object({
  deploymentId: DeploymentIdSchema,
  gate: GateNameSchema,
  token: z.string().min(1).max(2048),
  /** Tokens that were stored before. A retried task has a new token, and the two may be stored in the wrong order. */
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
  /** Digest of the plan that the person saw. */
  readonly digest: string;
}

/**
 * Counts one decision, or refuses it and gives the reason (rules 3 and 10). When a person repeats the same decision,
 * that is not an error: the gate is returned unchanged.
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
 * Returns whether the approver would approve their own request (rule 10): a person who asked for a production
 * deployment cannot give its staff approval, even if this person was registered as an approver, or under another
 * address, only after asking.
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

/**
 * Returns why an approval does not count, if so. Approvals of one deployment come from different people, and the staff
 * approval in production does not come from the person who asked for it.
 */
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

/**
 * Returns a refusal when the same session has approved this deployment as another approver: a session is one person,
 * and counts once.
 */
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

/** Returns whether decisions about the plan with this digest count at the gate. */
export const isAbout = ({ digest, carried }: Pick<Gate, 'digest' | 'carried'>, other: string): boolean =>
  other === digest || carried.some((plan) => plan.digest === other);

/** Returns the gate for a new plan that means the same. The decisions stay. */
export function carryOver(gate: Gate, planned: Planned, required: number, now: string): Gate {
  const { round, digest } = planned;
  const carried = [...gate.carried, { round: gate.round, digest: gate.digest, at: now }];
  return { ...gate, round, digest, required, carried };
}

/** Returns the gate after its plan was made again and means something else. No decision counts any more. */
export function voidDecisions(gate: Gate, now: string): Gate {
  const voided = [...gate.voided, ...gate.decisions];
  return { ...gate, status: 'void', decisions: [], carried: [], voided, closedAt: now };
}

export function close(gate: Gate, status: Exclude<GateStatus, 'open'>, now: string): Gate {
  if (gate.status !== 'open')
    throw new Error(`gate "${gate.gate}" of "${gate.deploymentId}" is already ${gate.status}`);
  return { ...gate, status, closedAt: now };
}
