import type { Json } from '../../asl/json.ts';
import { AwsError, type Caller } from '../../door/wire.ts';

/** A service that Task states call: one `Resource` of the states language without the suffix of its pattern. */
export interface Integration {
  /** The patterns that AWS offers for the service besides plain request and response. */
  readonly patterns: readonly ('sync' | 'waitForTaskToken')[];
  /** Calls the service with the state machine's role and returns its answer. */
  submit(parameters: Json, caller: Caller): Promise<Json>;
  /** For `.sync`: waits for the end of the job in the answer of `submit`; throws TaskError when the job has failed. */
  awaitEnd?(submitted: Json, caller: Caller, signal: AbortSignal): Promise<Json>;
  /** For `.sync`: ends a job that is no longer needed. */
  cancel?(submitted: Json, caller: Caller): Promise<void>;
}

/** The failure of a task: `error` is compared by Retry and Catch, `reason` becomes the Cause. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly error: string;
  readonly reason: string;
  constructor(error: string, reason: string) {
    super(`${error}: ${reason}`);
    this.error = error;
    this.reason = reason;
  }
}

/** Returns an error of the called service with Step Functions' wording: `CodeBuild.AccountLimitExceededException`. */
function serviceRefusal(service: string, code: string, { message, status }: AwsError): TaskError {
  return new TaskError(`${service}.${code}`, `${message} (Service: ${service}, Status Code: ${status})`);
}

interface TaskResource {
  /** For example `lambda:invoke`. */
  readonly action: string;
  readonly pattern: 'requestResponse' | 'sync' | 'waitForTaskToken';
}

/** Splits `arn:aws:states:::lambda:invoke.waitForTaskToken`; returns undefined for any other text. */
export function parseResource(resource: string): TaskResource | undefined {
  const match = /^arn:aws:states:::([a-z0-9-]+:[A-Za-z]+)(?:\.(sync|waitForTaskToken))?$/.exec(resource);
  if (!match?.[1]) return undefined;
  const suffix = match[2];
  return { action: match[1], pattern: suffix === 'sync' || suffix === 'waitForTaskToken' ? suffix : 'requestResponse' };
}

/**
 * Turns an AwsError of a called service into the failure of a task. Any other error is a fault of the local cloud
 * itself and is thrown again.
 */
export function asTaskError(
  error: unknown,
  service: string,
  codeOf = (refusal: AwsError): string => refusal.code,
): TaskError {
  if (error instanceof TaskError) return error;
  if (error instanceof AwsError) return serviceRefusal(service, codeOf(error), error);
  throw error;
}
