interface StateFailureProps {
  /** The field of the state whose expression failed, for example `Output/name`. */
  readonly location?: string;
  /** A missed heartbeat: it is a `States.Timeout` that `States.HeartbeatTimeout` matches too. */
  readonly heartbeat?: boolean;
}

/** A state has failed: `error` is what Retry and Catch compare, `reason` becomes the Cause. */
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
/** Ends an execution whatever its Catch fields say. */
export const RUNTIME_ERROR = 'States.Runtime';
