/**
 * What Stagegate refuses or cannot do. Names are API: Step Functions compares them in Catch and Retry. Those that answer
 * a request have their problem in `lambdas/runtime/http-errors.ts`. Anything that is not a DomainError is a crash.
 */
export abstract class DomainError extends Error {
  abstract override readonly name: string;
}

/** Input from outside that does not fit its schema; `field` is a dotted path, `value` what was seen there. */
export class InvalidInputError extends DomainError {
  override readonly name = 'InvalidInputError';
  readonly issues: readonly InputIssue[];
  constructor(subject: string, issues: readonly InputIssue[], options?: ErrorOptions) {
    super(`${subject}: ${issues.map(describeIssue).join('; ')}`, options);
    this.issues = issues;
  }
}

export interface InputIssue {
  readonly field: string;
  readonly message: string;
  /** JSON of the offending value, shortened. */
  readonly value: string;
}

const describeIssue = ({ field, message, value }: InputIssue): string => `${field}: ${message} (got ${value})`;

/** A thing asked for by name that does not exist. */
export class NotFoundError extends DomainError {
  override readonly name = 'NotFoundError';
  readonly kind: string;
  readonly id: string;
  constructor(kind: string, id: string) {
    super(`${kind} "${id}" does not exist`);
    this.kind = kind;
    this.id = id;
  }
}

/** Why a well-formed request is refused. Each is the last segment of a problem's `type`. */
export const REFUSALS = [
  'not-succeeded-before',
  'not-in-pipeline',
  'pipeline-incomplete',
  'pipeline-order',
  'stage-lowered',
  'deployments-open',
  'something-deployed',
  'older-release',
  'newer-release-queued',
  'environment-on-hold',
  'nothing-to-promote',
  'nothing-deployed',
  'not-a-rollback',
  'production-protected',
  'deletion-protected',
  'policy-too-weak',
  'requester-unknown',
  'not-cancelable',
  'gate-not-open',
  'gate-expired',
  'already-decided',
  'link-replaced',
  'approver-unreachable',
  'confirmation-refused',
  'digest-differs',
  'not-an-approver',
  'own-request',
  'one-person-one-gate',
  'one-session-one-seat',
  'last-approver',
  'approver-limit',
  'state-address-taken',
  'state-address-moved',
  'no-service-domain',
  'hostname-too-long',
  'hostname-taken',
  'dns-published',
  'environment-closing',
  'environment-exists',
  'ephemeral-limit',
  'release-stale',
  'not-allowed-here',
  'credentials-refused',
  'role-not-assumable',
  'not-the-holder',
  'still-running',
  'signature-invalid',
  'webhook-off',
  'too-large',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** A rule says no. Nothing was changed. */
export class RefusedError extends DomainError {
  override readonly name = 'RefusedError';
  readonly refusal: Refusal;
  constructor(refusal: Refusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** The same as a value, for those who go on with it: it is told, recorded or passed over. */
export class Refused {
  readonly refusal: Refusal;
  readonly message: string;
  constructor(refusal: Refusal, message: string) {
    this.refusal = refusal;
    this.message = message;
  }
}

/** The answer, where nothing goes on without one. Throws RefusedError. */
export function orThrow<Answer>(answer: Answer | Refused): Answer {
  if (answer instanceof Refused) throw new RefusedError(answer.refusal, answer.message);
  return answer;
}

/** The deployment does not hold its environment (any more); its execution must end without touching anything. */
export class NotHolderError extends DomainError {
  override readonly name = 'NotHolderError';
}

/** Another writer kept winning the race for the same records; the caller may try again. */
export class ConflictError extends DomainError {
  override readonly name = 'ConflictError';
}

/** A build left no result, or one that does not fit its schema. */
export class BuildResultError extends DomainError {
  override readonly name = 'BuildResultError';
}

/** The plan went stale more often than it is made again. */
export class PlanStaleError extends DomainError {
  override readonly name = 'PlanStaleError';
}

/** The environment's Terraform state could not be looked at. */
export class StateUnreadableError extends DomainError {
  override readonly name = 'StateUnreadableError';
}

/** STS does not give a role of an environment: the role is missing, or does not trust us. */
export class RoleRefusedError extends DomainError {
  override readonly name = 'RoleRefusedError';
}

/** Names the state machine matches on. */
export const ERROR_NAMES = { notHolder: 'NotHolderError', conflict: 'ConflictError' } as const;
