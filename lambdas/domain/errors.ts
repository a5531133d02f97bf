/**
 * Base of all errors for what Stagegate refuses or cannot do; any other error is a crash. The names are API: Step
 * Functions compares them in Catch and Retry. Those that answer a request have their problem in
 * `lambdas/runtime/http-errors.ts`.
 */
export abstract class DomainError extends Error {
  abstract override readonly name: string;
}

/** Base of the errors that pass: the same call may succeed a little later. All other domain errors are final. */
export abstract class PassingError extends DomainError {}

/** Thrown when input from outside is invalid. The issues name each `field` as a dotted path, and the `value` found. */
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

/** Thrown when something that was asked for by name does not exist. */
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

/** Reasons for which a well-formed request is refused. Each is the last segment of a problem's `type`. */
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
  'no-service-domain',
  'hostname-too-long',
  'hostname-taken',
  'names-taken',
  'dns-published',
  'environment-closing',
  'environment-exists',
  'ephemeral-limit',
  'repository-replaced',
  'not-allowed-here',
  'credentials-refused',
  'applies-banned',
  'role-not-assumable',
  'not-the-holder',
  'still-running',
  'signature-invalid',
  'webhook-off',
  'too-large',
  'idempotency-key-reused',
  'precondition-failed',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Thrown when a rule forbids the request. Nothing but the audit was changed. */
export class RefusedError extends DomainError {
  override readonly name = 'RefusedError';
  readonly refusal: Refusal;
  constructor(refusal: Refusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** The same refusal as a value, for callers that go on after it: they show it, record it or ignore it. */
export class Refused {
  readonly refusal: Refusal;
  readonly message: string;
  constructor(refusal: Refusal, message: string) {
    this.refusal = refusal;
    this.message = message;
  }
}

/** Returns the answer. Throws RefusedError if it is a refusal, for callers that cannot go on then. */
export function orThrow<Answer>(answer: Answer | Refused): Answer {
  if (answer instanceof Refused) throw new RefusedError(answer.refusal, answer.message);
  return answer;
}

/** Thrown when the deployment does not hold its environment (any more). Its execution must end without any change. */
export class NotHolderError extends DomainError {
  override readonly name = 'NotHolderError';
}

/** Thrown when other writers kept changing the same records. The caller may try again. */
export class ConflictError extends PassingError {
  override readonly name = 'ConflictError';
}

/**
 * Thrown when a service of AWS could not be reached, was throttled or failed by itself, after all attempts of the SDK.
 * What was asked for may have been done all the same: the answer may be all that was lost.
 */
export class ServiceUnavailableError extends PassingError {
  override readonly name = 'ServiceUnavailableError';
}

/** Thrown when a build left no result, or an invalid one. */
export class BuildResultError extends DomainError {
  override readonly name = 'BuildResultError';
}

/** Thrown when the plan has gone stale too often to be made again. */
export class PlanStaleError extends DomainError {
  override readonly name = 'PlanStaleError';
}

/** Thrown when CodeBuild has not started a build in all attempts. */
export class BuildNotStartedError extends DomainError {
  override readonly name = 'BuildNotStartedError';
}

/** Thrown when the environment's Terraform state could not be read. */
export class StateUnreadableError extends DomainError {
  override readonly name = 'StateUnreadableError';
}

/** Thrown when STS refuses a role of an environment: the role is missing, or does not trust us. */
export class RoleRefusedError extends DomainError {
  override readonly name = 'RoleRefusedError';
}

/**
 * Thrown when a stored record does not fit its schema, or is no record at all. Names the record, and never contains
 * anything of it: it may hold secrets. `cause` is the error of the schema. It passes once somebody has repaired the
 * record, or taken back a version of Stagegate that cannot read it.
 */
export class UnreadableRecordError extends PassingError {
  override readonly name = 'UnreadableRecordError';
  readonly kind: string;
  readonly pk: string;
  readonly sk: string;
  constructor(kind: string, { pk, sk }: { readonly pk: string; readonly sk: string }, options?: ErrorOptions) {
    super(`reading the ${kind} record ${pk} ${sk}: it does not fit its schema`, options);
    this.kind = kind;
    this.pk = pk;
    this.sk = sk;
  }
}

/**
 * Names of the errors that a repetition cannot change: every domain error that is no PassingError. The state machine
 * does not retry a task after them.
 */
export const FINAL_ERRORS = [
  'BuildNotStartedError',
  'BuildResultError',
  'InvalidInputError',
  'NotFoundError',
  'NotHolderError',
  'PlanStaleError',
  'RefusedError',
  'RoleRefusedError',
  'StateUnreadableError',
] as const;

/** The name that the state machine matches at its beginning. */
export const NOT_HOLDER: (typeof FINAL_ERRORS)[number] = 'NotHolderError';
