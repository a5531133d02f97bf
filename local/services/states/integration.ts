import type { Json } from '../../asl/json.ts';
import { AwsError, type Caller } from '../../door/wire.ts';

/** A service that Task states call, for one `Resource` of the states language without its pattern suffix. */
export interface Integration {
  /** The patterns beside plain request and response that AWS offers here. */
  readonly patterns: readonly ('sync' | 'waitForTaskToken')[];
  /** Calls the service as the state machine's role and gives its answer. */
  submit(parameters: Json, caller: Caller): Promise<Json>;
  /** For `.sync`: waits for the end of the job that `submit` answered with; throws TaskError when it has failed. */
  awaitEnd?(submitted: Json, caller: Caller, signal: AbortSignal): Promise<Json>;
  /** For `.sync`: ends a job that is no longer wanted. */
  cancel?(submitted: Json, caller: Caller): Promise<void>;
}

/** The failure of a task: what Retry and Catch compare, and the Cause. */
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

/** A refusal of the called service as Step Functions words it: `CodeBuild.AccountLimitExceededException`. */
function serviceRefusal(service: string, code: string, { message, status }: AwsError): TaskError {
  return new TaskError(`${service}.${code}`, `${message} (Service: ${service}, Status Code: ${status})`);
}

interface TaskResource {
  /** `lambda:invoke` */
  readonly action: string;
  readonly pattern: 'requestResponse' | 'sync' | 'waitForTaskToken';
}

/** Takes `arn:aws:states:::lambda:invoke.waitForTaskToken` apart; `undefined` for anything else. */
export function parseResource(resource: string): TaskResource | undefined {
  const match = /^arn:aws:states:::([a-z0-9-]+:[A-Za-z]+)(?:\.(sync|waitForTaskToken))?$/.exec(resource);
  if (!match?.[1]) return undefined;
  const suffix = match[2];
  return { action: match[1], pattern: suffix === 'sync' || suffix === 'waitForTaskToken' ? suffix : 'requestResponse' };
}

/** Any error of a called service as the failure of a task; what is no AwsError is a fault of the local cloud itself. */
export function asTaskError(
  error: unknown,
  service: string,
  codeOf = (refusal: AwsError): string => refusal.code,
): TaskError {
  if (error instanceof TaskError) return error;
  if (error instanceof AwsError) return serviceRefusal(service, codeOf(error), error);
  throw error;
}
