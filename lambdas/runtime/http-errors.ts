import * as z from 'zod';
import {
  ConflictError,
  DomainError,
  InvalidInputError,
  NotFoundError,
  type Refusal,
  RefusedError,
  ServiceUnavailableError,
  UnreadableRecordError,
} from '../domain/errors.ts';

/** Kinds of problems other than the refusals of the domain. */
export type ProblemKind =
  | 'invalid-input'
  | 'not-found'
  | 'conflict'
  | 'service-unavailable'
  | 'record-unreadable'
  | 'no-such-route'
  | 'method-not-allowed'
  | 'internal';

interface ProblemClass {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 422 | 500 | 503;
  readonly title: string;
}

/**
 * The status and title of every problem, defined only here. 403 means that this caller may never do it; 409 means that
 * it is not possible at the moment.
 */
export const PROBLEMS: Readonly<Record<Refusal | ProblemKind, ProblemClass>> = {
  'invalid-input': { status: 400, title: 'The request is invalid' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 503, title: 'Other requests keep changing the same records; try again' },
  'record-unreadable': { status: 500, title: 'A stored record cannot be read; nothing is decided without it' },
  'service-unavailable': { status: 503, title: 'A service of AWS does not answer at the moment; try again' },
  internal: { status: 500, title: 'Something went wrong on our side' },

  'not-succeeded-before': { status: 409, title: 'The release has not succeeded in the environment before' },
  'not-in-pipeline': { status: 409, title: 'The environment is not in the pipeline' },
  'pipeline-incomplete': { status: 409, title: 'An environment of the pipeline is not defined yet' },
  'pipeline-order': { status: 409, title: 'A pipeline goes development, staging, production' },
  'stage-lowered': { status: 409, title: "An environment's stage never goes down" },
  'deployments-open': { status: 409, title: 'Deployments are open' },
  'something-deployed': { status: 409, title: 'Something is deployed there' },
  'older-release': { status: 409, title: 'A newer release was applied there' },
  'newer-release-queued': { status: 409, title: 'A newer release already waits' },
  'environment-on-hold': { status: 409, title: 'The environment is on hold' },
  'nothing-to-promote': { status: 409, title: 'No release can be promoted' },
  'nothing-deployed': { status: 409, title: 'Nothing is deployed there' },
  'not-a-rollback': { status: 409, title: 'The release is not older than the deployed one' },
  'production-protected': { status: 409, title: 'Production is protected' },
  'deletion-protected': { status: 409, title: 'The environment is protected against deletion' },
  'policy-too-weak': { status: 409, title: 'The policy is weaker than the allowed minimum' },
  'requester-unknown': { status: 403, title: 'The policy requires a caller who is a registered approver' },
  'not-cancelable': { status: 409, title: 'The deployment cannot be canceled any more' },
  'gate-not-open': { status: 409, title: 'The gate is not open' },
  'gate-expired': { status: 409, title: 'The gate has expired' },
  'already-decided': { status: 409, title: 'This person has already decided differently' },
  'link-replaced': { status: 409, title: 'A newer e-mail has replaced this link' },
  'approver-unreachable': { status: 409, title: 'The approver cannot be reached by e-mail' },
  'confirmation-refused': { status: 409, title: 'AWS does not accept this confirmation link' },
  'digest-differs': { status: 409, title: 'The decision is about another plan' },
  'not-an-approver': { status: 403, title: 'The caller is not an approver of this gate' },
  'own-request': { status: 403, title: 'Whoever asked for a production deployment cannot approve it' },
  'one-person-one-gate': { status: 403, title: 'One person cannot approve two gates' },
  'not-the-holder': { status: 409, title: 'The deployment does not hold its environment' },
  'still-running': { status: 409, title: 'The execution or a build of the deployment is still running' },
  'role-not-assumable': { status: 409, title: 'The role of the environment cannot be assumed' },
  'credentials-refused': { status: 403, title: 'Credentials are refused' },
  'applies-banned': { status: 409, title: 'Applies are banned' },
  'one-session-one-seat': { status: 403, title: 'One session of a role cannot approve as two people' },
  'last-approver': { status: 409, title: 'An open deployment needs this approver' },
  'approver-limit': { status: 409, title: 'There are too many approvers' },
  'state-address-taken': { status: 409, title: 'The Terraform state belongs to another environment' },
  'no-service-domain': { status: 409, title: 'The application has no service discovery domain' },
  'hostname-too-long': { status: 409, title: 'The hostname would be too long' },
  'hostname-taken': { status: 409, title: 'The hostname belongs to another environment' },
  'names-taken': { status: 409, title: 'Another environment has the same names' },
  'dns-published': { status: 409, title: 'DNS records or a certificate are still there' },
  'environment-closing': { status: 409, title: 'The environment is being destroyed or removed' },
  'environment-exists': { status: 409, title: 'An environment with this name exists' },
  'ephemeral-limit': { status: 409, title: 'There are too many ephemeral environments' },
  'repository-replaced': { status: 409, title: 'The name of the config repository belongs to another repository' },
  'not-allowed-here': { status: 409, title: 'This is not possible here' },
  'signature-invalid': { status: 401, title: 'The signature is missing or invalid' },
  'webhook-off': { status: 409, title: 'Webhooks are switched off here' },
  'too-large': { status: 413, title: 'The request is too large' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'precondition-failed': { status: 412, title: 'The settings are not those of If-Match any more' },
  'no-such-route': { status: 404, title: 'The API has no such path' },
  'method-not-allowed': { status: 405, title: 'The path does not have this method' },
};

/** Thrown for a request that leads to no operation. `methods`: those that the path has; none if there is no such path. */
export class UnknownRouteError extends DomainError {
  override readonly name = 'UnknownRouteError';
  readonly methods: readonly string[];
  constructor(message: string, methods: readonly string[]) {
    super(message);
    this.methods = methods;
  }
}

/** Returns the `type` of a problem. */
export const problemType = (name: string): string => `urn:stagegate:problem:${name}`;

/** The `Retry-After` header of a 503, in seconds. */
export const RETRY_AFTER_SECONDS = 2;

/** A problem as RFC 9457 defines it. */
export const ProblemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  /** The path of the request. */
  instance: z.string().optional(),
  /** For bad input: each invalid field with the value that was given. */
  errors: z.array(z.object({ field: z.string(), message: z.string(), value: z.string() })).optional(),
});
export type Problem = z.infer<typeof ProblemSchema>;

/** Returns true for errors that answer the request, and false for a crash that somebody has to look into. */
export const isAnswerable = (error: unknown): error is DomainError => kindOf(error) !== 'internal';

function kindOf(error: unknown): Refusal | ProblemKind {
  if (error instanceof RefusedError) return error.refusal;
  if (error instanceof InvalidInputError) return 'invalid-input';
  if (error instanceof NotFoundError) return 'not-found';
  if (error instanceof ConflictError) return 'conflict';
  if (error instanceof UnreadableRecordError) return 'record-unreadable';
  if (error instanceof ServiceUnavailableError) return 'service-unavailable';
  if (error instanceof UnknownRouteError) return error.methods.length > 0 ? 'method-not-allowed' : 'no-such-route';
  return 'internal';
}

/** Returns the problem to answer with. For a crash, it has no details. */
export function problemOf(error: unknown, instance: string): Problem {
  const kind = kindOf(error);
  const problem = { type: problemType(kind), ...PROBLEMS[kind] };
  if (!isAnswerable(error)) return problem;
  const errors = error instanceof InvalidInputError ? { errors: error.issues.map((issue) => ({ ...issue })) } : {};
  return { ...problem, detail: error.message, instance, ...errors };
}

/** Returns the headers that a problem has besides its body: when to try again, or the methods of the path. */
export const headersOf = (error: unknown, status: Problem['status']): Readonly<Record<string, string>> => ({
  ...(status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
  ...(error instanceof UnknownRouteError && error.methods.length > 0 && { allow: error.methods.join(', ') }),
});
