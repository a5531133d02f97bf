import type { Definition } from './definition.ts';
import type { Json } from './json.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT';

/**
 * The whole state of an execution: a plain JSON document, so that a stored execution can continue after a crash. Times
 * are epoch milliseconds.
 */
export interface Execution {
  readonly arn: string;
  readonly name: string;
  readonly machineArn: string;
  readonly machineName: string;
  readonly roleArn: string;
  /** The JSON text given to StartExecution. */
  readonly input: string;
  readonly startedAt: number;
  /** When the state machine's own TimeoutSeconds ends. */
  readonly deadline: number | null;
  readonly status: ExecutionStatus;
  readonly stoppedAt: number | null;
  readonly output: Json | null;
  readonly error: string | null;
  readonly cause: string | null;
  readonly variables: Readonly<Record<string, Json>>;
  /** Number of the newest history event. */
  readonly lastEventId: number;
  /** Null before ExecutionStarted and after the end. */
  readonly position: Position | null;
}

/** The current state of a running execution. Without `entered` the state has not been entered yet. */
export interface Position {
  readonly state: string;
  readonly input: Json;
  readonly entered?: Entered;
  /** Nothing happens before this time: the end of a Wait state, or of the delay before a retry. */
  readonly pausedUntil?: number;
  /** The running attempt of a task. */
  readonly attempt?: Attempt;
}

export interface Entered {
  readonly at: number;
  readonly eventId: number;
  /** Retries so far: the total, and the count for each entry of the state's Retry. */
  readonly retryCount: number;
  readonly retries: Readonly<Record<number, number>>;
}

/** One try of a Task state; a retry is a new attempt with a new id and a new token. */
export interface Attempt {
  readonly id: string;
  /** The Resource of the state: `arn:aws:states:::lambda:invoke`. */
  readonly resource: string;
  readonly parameters: Json;
  /** Only for `.waitForTaskToken`. */
  readonly token?: string;
  readonly timeoutAt: number | null;
  readonly heartbeatSeconds: number | null;
  readonly heartbeatAt: number | null;
  /** The called service's response when it accepted a `.sync` or `.waitForTaskToken` task. */
  readonly submitted?: Json;
}

/** An event of the history; `details` depends on the type. */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: number;
  readonly type: string;
  readonly details?: Readonly<Record<string, Json>>;
}

/** The fields of an execution that are known when it is started. */
export type Beginning = Pick<
  Execution,
  'arn' | 'name' | 'machineArn' | 'machineName' | 'roleArn' | 'input' | 'startedAt'
>;

/** Returns an execution in which nothing has happened yet. */
export function newExecution({ TimeoutSeconds: timeout }: Definition, beginning: Beginning): Execution {
  return {
    ...beginning,
    deadline: timeout === undefined ? null : beginning.startedAt + timeout * 1000,
    status: 'RUNNING',
    stoppedAt: null,
    output: null,
    error: null,
    cause: null,
    variables: {},
    lastEventId: 0,
    position: null,
  };
}

/**
 * Returns when the execution continues without a signal: a past time means at once, Infinity means that only a signal
 * can move it.
 */
export function dueAt({ status, position, deadline }: Execution): number {
  if (status !== 'RUNNING') return Number.POSITIVE_INFINITY;
  if (position === null) return 0;
  return Math.min(ownDueAt(position), deadline ?? Number.POSITIVE_INFINITY);
}

function ownDueAt({ attempt, pausedUntil }: Position): number {
  if (attempt)
    return Math.min(attempt.timeoutAt ?? Number.POSITIVE_INFINITY, attempt.heartbeatAt ?? Number.POSITIVE_INFINITY);
  return pausedUntil ?? 0;
}
