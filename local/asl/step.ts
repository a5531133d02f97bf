import type { Definition, State } from './definition.ts';
import type { Attempt, Execution, ExecutionStatus, HistoryEvent, Position } from './execution.ts';
import type { Json } from './json.ts';
import type { Place } from './place.ts';
import { StateEvaluation } from './state-evaluation.ts';
import { QUERY_EVALUATION_ERROR, RUNTIME_ERROR, StateFailure } from './state-failure.ts';
import type { World } from './world.ts';

/** Limits of AWS Step Functions. */
const MAX_HISTORY_EVENTS = 25_000;
const MAX_CAUSE_LENGTH = 32_768;

/** One step of an execution. Store `execution` and `events` first, then carry out `cancel` and `perform`. */
export interface Step {
  readonly execution: Execution;
  readonly events: readonly HistoryEvent[];
  /** A task attempt whose work must start. */
  readonly perform?: Attempt;
  /** A task attempt whose work is no longer needed. */
  readonly cancel?: Attempt;
}

interface Ending {
  readonly output?: Json;
  readonly error?: string | null;
  readonly cause?: string | null;
}

/** An execution during a step, and the events that the step adds to its history. */
export class StepInProgress {
  readonly definition: Definition;
  readonly world: World;
  readonly #events: HistoryEvent[] = [];
  #execution: Execution;

  constructor(definition: Definition, execution: Execution, world: World) {
    this.definition = definition;
    this.#execution = execution;
    this.world = world;
  }

  get execution(): Execution {
    return this.#execution;
  }

  evaluationOf(place: Place): StateEvaluation {
    return new StateEvaluation(this.#execution, place, this.world);
  }

  moveTo(position: Position): Step {
    this.#execution = { ...this.#execution, position };
    return this.done();
  }

  setVariables(variables: Execution['variables']): void {
    this.#execution = { ...this.#execution, variables };
  }

  done(): Step {
    return { execution: this.#execution, events: this.#events };
  }

  /** Ends the execution because of a failure that no Catch handles. */
  fail(failure: StateFailure): Step {
    const { position } = this.#execution;
    if (failure.error === QUERY_EVALUATION_ERROR && position) this.recordEvaluationFailed(failure, position.state);
    return this.endFailed(failure);
  }

  endFailed({ error, reason }: StateFailure): Step {
    return this.end('FAILED', { error, cause: reason ?? null });
  }

  end(status: Exclude<ExecutionStatus, 'RUNNING'>, { output, error = null, cause = null }: Ending): Step {
    const { position } = this.#execution;
    if (status === 'ABORTED' && position?.entered) this.#append(`${this.stateNamed(position.state).Type}StateAborted`);
    const shortCause = cause === null ? null : cause.slice(0, MAX_CAUSE_LENGTH);
    this.#append(ENDING_EVENTS[status], {
      ...(output === undefined ? {} : outputDetails(output)),
      ...(error === null ? {} : { error }),
      ...(shortCause === null ? {} : { cause: shortCause }),
    });
    this.#execution = {
      ...this.#execution,
      status,
      stoppedAt: this.world.now(),
      output: output ?? null,
      error,
      cause: shortCause,
      position: null,
    };
    const isAbandoned = status === 'ABORTED' || status === 'TIMED_OUT';
    return isAbandoned && position?.attempt ? { ...this.done(), cancel: position.attempt } : this.done();
  }

  recordExit({ name, state }: Place, output: Json, assigned: Record<string, Json>): void {
    const variables = Object.entries(assigned).map(([variable, value]) => [variable, JSON.stringify(value)]);
    this.record(`${state.Type}StateExited`, {
      name,
      ...outputDetails(output),
      ...(variables.length === 0
        ? {}
        : { assignedVariables: Object.fromEntries(variables), assignedVariablesDetails: { truncated: false } }),
    });
  }

  recordEvaluationFailed({ error, reason, location }: StateFailure, state: string): void {
    this.#append('EvaluationFailed', { state, error, cause: reason ?? '', location: location ?? '' });
  }

  /** Appends an event to the history. The last two events are reserved for the end of the execution and its reason. */
  record(type: string, details: Record<string, Json>): number {
    if (this.#execution.lastEventId < MAX_HISTORY_EVENTS - 2) return this.#append(type, details);
    throw new StateFailure(
      RUNTIME_ERROR,
      `The execution reached the maximum number of history events (${MAX_HISTORY_EVENTS}).`,
    );
  }

  #append(type: string, details?: Record<string, Json>): number {
    const id = this.#execution.lastEventId + 1;
    // AWS gives the first state no predecessor, as if ExecutionStarted were not an event.
    const previousEventId = id === 2 ? 0 : id - 1;
    this.#events.push({ id, previousEventId, timestamp: this.world.now(), type, ...(details ? { details } : {}) });
    this.#execution = { ...this.#execution, lastEventId: id };
    return id;
  }

  stateNamed(name: string): State {
    const state = this.definition.States[name];
    if (state) return state;
    throw new Error(`advancing execution ${this.#execution.arn}: the state machine has no state "${name}"`);
  }
}

const ENDING_EVENTS = {
  SUCCEEDED: 'ExecutionSucceeded',
  FAILED: 'ExecutionFailed',
  ABORTED: 'ExecutionAborted',
  TIMED_OUT: 'ExecutionTimedOut',
} as const;

export const outputDetails = (output: Json) => ({
  output: JSON.stringify(output),
  outputDetails: { truncated: false },
});
