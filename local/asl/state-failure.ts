interface StateFailureProps {
  /** The field of the state whose expression failed, for example `Output/name`. */
  readonly location?: string;
  /** True for a missed heartbeat: a `States.Timeout` that `States.HeartbeatTimeout` matches too. */
  readonly heartbeat?: boolean;
}

/** Thrown when a state fails: Retry and Catch compare `error`; `reason` becomes the Cause. */
export class StateFailure extends Error {
  override readonly name = 'StateFailure';
  readonly error: string;
  /** Absent where AWS gives no cause (timeouts). */
  readonly reason: string | undefined;
  readonly location: string | undefined;
  readonly heartbeat: boolean;
  constructor(error: string, reason?: string, { location, heartbeat = false }: StateFailureProps = {}) {
    super(reason ?? error);
    this.error = error;
    this.reason = reason;
    this.location = location;
    this.heartbeat = heartbeat;
  }
}

export const QUERY_EVALUATION_ERROR = 'States.QueryEvaluationError';
export const TIMEOUT = 'States.Timeout';
export const NO_CHOICE_MATCHED = 'States.NoChoiceMatched';
export const DATA_LIMIT_EXCEEDED = 'States.DataLimitExceeded';
/** This error ends an execution even if a Catch field names it. */
export const RUNTIME_ERROR = 'States.Runtime';
