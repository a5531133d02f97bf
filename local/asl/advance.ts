import * as z from 'zod';
import type {
  Catcher,
  ChoiceState,
  Definition,
  FailState,
  PassState,
  State,
  SucceedState,
  TaskState,
  WaitState,
} from './definition.ts';
import type { Attempt, Entered, Execution, ExecutionStatus, HistoryEvent, Position } from './execution.ts';
import { evaluateTemplate, type Scope, unexpectedResult } from './expression.ts';
import { type Json, jsonSize } from './json.ts';
import type { Chance } from './query-functions.ts';
import { findHandler, retryDelay } from './retry.ts';
import {
  DATA_LIMIT_EXCEEDED,
  NO_CHOICE_MATCHED,
  QUERY_EVALUATION_ERROR,
  RUNTIME_ERROR,
  StateFailure,
  TIMEOUT,
} from './state-failure.ts';

/** Limits of AWS Step Functions. */
const MAX_STATE_DATA_BYTES = 256 * 1024;
const MAX_VARIABLES_BYTES = 10 * 1024 * 1024;
const MAX_HISTORY_EVENTS = 25_000;
const MAX_CAUSE_LENGTH = 32_768;
const MAX_SECONDS = 99_999_999;

/** What the interpreter takes from outside, so that tests decide it. */
export interface World extends Chance {
  /** Epoch milliseconds. */
  now(): number;
  readonly region: string;
  /** A fresh token that leads back to this attempt. */
  taskToken(execution: Execution, attemptId: string): string;
}

/** What happens to an execution from outside. Signals about an attempt that is no longer under way change nothing. */
export type Signal =
  | { readonly kind: 'proceed' }
  | { readonly kind: 'submitted'; readonly attemptId: string; readonly output: Json }
  | { readonly kind: 'succeeded'; readonly attemptId: string; readonly output: Json }
  | { readonly kind: 'failed'; readonly attemptId: string; readonly error: string; readonly cause: string }
  | { readonly kind: 'heartbeat'; readonly attemptId: string }
  | { readonly kind: 'stop'; readonly error: string | null; readonly cause: string | null };

/** One step of an execution: store `execution` and `events` first, then let `cancel` and `perform` happen. */
export interface Step {
  readonly execution: Execution;
  readonly events: readonly HistoryEvent[];
  /** A task attempt whose work must begin. */
  readonly perform?: Attempt;
  /** A task attempt whose work is no longer wanted. */
  readonly cancel?: Attempt;
}

/** The next state of an execution that has `signal` happen to it. Pure but for `world`. */
export async function advance(
  definition: Definition,
  execution: Execution,
  signal: Signal,
  world: World,
): Promise<Step> {
  if (execution.status !== 'RUNNING') return { execution, events: [] };
  const step = new StepInProgress(definition, execution, world);
  if (signal.kind === 'stop') return step.end('ABORTED', { error: signal.error, cause: signal.cause });
  if (execution.deadline !== null && execution.deadline <= world.now()) {
    return step.end('TIMED_OUT', { error: TIMEOUT, cause: null });
  }
  try {
    return await step.take(signal);
  } catch (error) {
    if (!(error instanceof StateFailure)) throw error;
    return step.fail(error);
  }
}

/** What an evaluation sees beside input and context. */
interface AddedScope {
  readonly states?: Readonly<Record<string, Json>>;
  readonly context?: Readonly<Record<string, Json>>;
}

/** How a state is left when not by its own fields. */
interface Exit {
  /** Stands before the names of the fields in error messages: `Catch[0]/`. */
  readonly prefix?: string;
  readonly states?: Readonly<Record<string, Json>>;
  readonly defaultOutput?: Json;
}

interface Ending {
  readonly output?: Json;
  readonly error?: string | null;
  readonly cause?: string | null;
}

/** A state that has been entered. */
interface Place<S extends State = State> {
  readonly name: string;
  readonly state: S;
  readonly input: Json;
  readonly entered: Entered;
}

class StepInProgress {
  readonly #definition: Definition;
  readonly #world: World;
  readonly #events: HistoryEvent[] = [];
  #execution: Execution;

  constructor(definition: Definition, execution: Execution, world: World) {
    this.#definition = definition;
    this.#execution = execution;
    this.#world = world;
  }

  async take(signal: Signal): Promise<Step> {
    const { position } = this.#execution;
    if (position === null) return this.#begin();
    const { state: name, input, entered, attempt, pausedUntil } = position;
    const state = this.#stateNamed(name);
    if (entered === undefined) return this.#enter(state, position);
    if (pausedUntil !== undefined && pausedUntil > this.#world.now()) return this.#done();
    switch (state.Type) {
      case 'Wait':
        return this.#leave({ name, state, input, entered });
      case 'Task':
        return attempt
          ? this.#handle(signal, { name, state, input, entered }, attempt)
          : this.#schedule({ name, state, input, entered });
      case 'Pass':
      case 'Choice':
      case 'Succeed':
      case 'Fail':
        throw new Error(`advancing execution ${this.#execution.arn}: a ${state.Type} state never waits`);
    }
  }

  #begin(): Step {
    const { input, roleArn } = this.#execution;
    this.#record('ExecutionStarted', { input, inputDetails: { truncated: false }, roleArn });
    return this.#moveTo({ state: this.#definition.StartAt, input: JSON.parse(input) });
  }

  async #enter(state: State, { state: name, input }: Position): Promise<Step> {
    const eventId = this.#record(`${state.Type}StateEntered`, {
      name,
      input: JSON.stringify(input),
      inputDetails: { truncated: false },
    });
    const entered: Entered = { at: this.#world.now(), eventId, retryCount: 0, retries: {} };
    switch (state.Type) {
      case 'Pass':
        return this.#leave({ name, state, input, entered });
      case 'Choice':
        return this.#choose({ name, state, input, entered });
      case 'Wait':
        return this.#pause({ name, state, input, entered });
      case 'Succeed':
        return this.#succeed({ name, state, input, entered });
      case 'Fail':
        return this.#failAsWritten({ name, state, input, entered });
      case 'Task':
        return this.#schedule({ name, state, input, entered });
    }
  }

  async #choose(place: Place<ChoiceState>): Promise<Step> {
    const { name, state } = place;
    for (const [index, rule] of state.Choices.entries()) {
      const field = `Choices[${index}]/Condition`;
      const holds = await this.#evaluate(rule.Condition, field, place);
      if (typeof holds !== 'boolean') throw this.#located(unexpectedResult(String(rule.Condition), field), place);
      if (holds) return this.#exit(place, rule, rule.Next, { prefix: `Choices[${index}]/` });
    }
    if (state.Default !== undefined) return this.#exit(place, state, state.Default);
    throw new StateFailure(NO_CHOICE_MATCHED, `No choice of the state '${name}' matched, and it has no Default.`);
  }

  async #pause(place: Place<WaitState>): Promise<Step> {
    return this.#moveTo({ ...positionOf(place), pausedUntil: await this.#endOfWait(place) });
  }

  async #endOfWait(place: Place<WaitState>): Promise<number> {
    const { Seconds = 0, Timestamp } = place.state;
    if (Timestamp === undefined) return this.#world.now() + 1000 * (await this.#seconds(Seconds, 'Seconds', 0, place));
    const timestamp = z.iso.datetime({ offset: true }).safeParse(await this.#evaluate(Timestamp, 'Timestamp', place));
    if (!timestamp.success) throw this.#located(unexpectedResult(Timestamp, 'Timestamp'), place);
    return Date.parse(timestamp.data);
  }

  async #succeed(place: Place<SucceedState>): Promise<Step> {
    const { Output } = place.state;
    const output = Output === undefined ? place.input : await this.#evaluate(Output, 'Output', place);
    requireSize(output, place.name);
    this.#recordExit(place, output, {});
    return this.end('SUCCEEDED', { output });
  }

  async #failAsWritten(place: Place<FailState>): Promise<Step> {
    const text = async (template: string | undefined, field: string): Promise<string | null> => {
      if (template === undefined) return null;
      const value = await this.#evaluate(template, field, place);
      if (typeof value !== 'string') throw this.#located(unexpectedResult(template, field), place);
      return value;
    };
    const { Error: error, Cause: cause } = place.state;
    return this.end('FAILED', { error: await text(error, 'Error'), cause: await text(cause, 'Cause') });
  }

  /** Begins an attempt of a task. */
  async #schedule(place: Place<TaskState>): Promise<Step> {
    const { Resource: resource, Arguments, TimeoutSeconds, HeartbeatSeconds } = place.state;
    const id = this.#world.uuid();
    const token = resource.endsWith('.waitForTaskToken') ? this.#world.taskToken(this.#execution, id) : undefined;
    const seconds = async (template: number | string | undefined, field: string) =>
      template === undefined ? null : this.#seconds(template, field, 1, place);
    try {
      const added: AddedScope = token === undefined ? {} : { context: { Task: { Token: token } } };
      const parameters = Arguments === undefined ? {} : await this.#evaluate(Arguments, 'Arguments', place, added);
      const timeoutSeconds = await seconds(TimeoutSeconds, 'TimeoutSeconds');
      const heartbeatSeconds = await seconds(HeartbeatSeconds, 'HeartbeatSeconds');
      this.#record('TaskScheduled', {
        ...taskKind(resource),
        region: this.#world.region,
        parameters: JSON.stringify(parameters),
        ...(timeoutSeconds === null ? {} : { timeoutInSeconds: timeoutSeconds }),
        ...(heartbeatSeconds === null ? {} : { heartbeatInSeconds: heartbeatSeconds }),
      });
      this.#record('TaskStarted', taskKind(resource));
      const now = this.#world.now();
      const attempt: Attempt = {
        id,
        resource,
        parameters,
        ...(token === undefined ? {} : { token }),
        timeoutAt: timeoutSeconds === null ? null : now + timeoutSeconds * 1000,
        heartbeatSeconds,
        heartbeatAt: heartbeatSeconds === null ? null : now + heartbeatSeconds * 1000,
      };
      return { ...this.#moveTo({ ...positionOf(place), attempt }), perform: attempt };
    } catch (error) {
      return this.#recover(error, place);
    }
  }

  /** Takes news of the task that is under way. */
  async #handle(signal: Signal, place: Place<TaskState>, attempt: Attempt): Promise<Step> {
    const kind = taskKind(attempt.resource);
    const now = this.#world.now();
    const isTimedOut = attempt.timeoutAt !== null && attempt.timeoutAt <= now;
    const isSilent = attempt.heartbeatAt !== null && attempt.heartbeatAt <= now;
    if (isTimedOut || isSilent) {
      this.#record('TaskTimedOut', { ...kind, error: TIMEOUT });
      const failure = new StateFailure(TIMEOUT, undefined, { heartbeat: !isTimedOut });
      return { ...(await this.#recover(failure, place)), cancel: attempt };
    }
    if ('attemptId' in signal && signal.attemptId !== attempt.id) return this.#done();
    switch (signal.kind) {
      case 'proceed':
      case 'stop':
        return this.#done();
      case 'heartbeat': {
        const heartbeatAt = attempt.heartbeatSeconds === null ? null : now + attempt.heartbeatSeconds * 1000;
        return this.#moveTo({ ...positionOf(place), attempt: { ...attempt, heartbeatAt } });
      }
      case 'submitted':
        this.#record('TaskSubmitted', { ...kind, ...outputDetails(signal.output) });
        return this.#moveTo({ ...positionOf(place), attempt: { ...attempt, submitted: signal.output } });
      case 'failed':
        this.#record('TaskFailed', { ...kind, error: signal.error, cause: signal.cause });
        return this.#recover(new StateFailure(signal.error, signal.cause), place);
      case 'succeeded':
        try {
          requireSize(signal.output, place.name);
          this.#record('TaskSucceeded', { ...kind, ...outputDetails(signal.output) });
          return await this.#leave(place, signal.output);
        } catch (error) {
          return this.#recover(error, place);
        }
    }
  }

  /** Retries the failed task, or goes where its Catch says, or lets the failure end the execution. */
  async #recover(error: unknown, place: Place<TaskState>): Promise<Step> {
    if (!(error instanceof StateFailure)) throw error;
    const { state, entered } = place;
    if (error.error === QUERY_EVALUATION_ERROR) this.#recordEvaluationFailed(error, place.name);
    const index = findHandler(state.Retry, error);
    const retrier = state.Retry[index];
    const retries = entered.retries[index] ?? 0;
    if (retrier && retries < retrier.MaxAttempts) {
      const delay = retryDelay(retrier, retries, () => this.#world.random());
      return this.#moveTo({
        ...positionOf(place),
        entered: {
          ...entered,
          retryCount: entered.retryCount + 1,
          retries: { ...entered.retries, [index]: retries + 1 },
        },
        pausedUntil: this.#world.now() + delay,
      });
    }
    const catcherIndex = findHandler(state.Catch, error);
    const catcher = state.Catch[catcherIndex];
    if (!catcher) return this.#endFailed(error);
    const errorOutput = { Error: error.error, Cause: error.reason ?? '' };
    return this.#exit(place, catcher, catcher.Next, {
      prefix: `Catch[${catcherIndex}]/`,
      states: { errorOutput },
      defaultOutput: errorOutput,
    });
  }

  /** Leaves by the state's own Output, Assign and Next. */
  async #leave(place: Place<PassState | TaskState | WaitState>, result?: Json): Promise<Step> {
    const { state } = place;
    if (result === undefined) return this.#exit(place, state, state.Next);
    return this.#exit(place, state, state.Next, { states: { result }, defaultOutput: result });
  }

  /** Evaluates Output and Assign of the state, of a choice rule or of a catcher, and moves on or ends the execution. */
  async #exit(
    place: Place,
    { Output, Assign = {} }: Pick<Catcher, 'Output' | 'Assign'>,
    next: string | undefined,
    exit: Exit = {},
  ): Promise<Step> {
    const { prefix = '', states = {}, defaultOutput = place.input } = exit;
    // Output and Assign both see the variables as they were: what one assigns, the other does not see.
    const output =
      Output === undefined ? defaultOutput : await this.#evaluate(Output, `${prefix}Output`, place, { states });
    const assigned: Record<string, Json> = {};
    for (const [name, template] of Object.entries(Assign)) {
      assigned[name] = await this.#evaluate(template, `${prefix}Assign/${name}`, place, { states });
    }
    const variables = { ...this.#execution.variables, ...assigned };
    requireSize(output, place.name);
    requireSize(assigned, place.name);
    requireSize(variables, place.name, MAX_VARIABLES_BYTES);
    this.#recordExit(place, output, assigned);
    this.#execution = { ...this.#execution, variables };
    return next === undefined ? this.end('SUCCEEDED', { output }) : this.#moveTo({ state: next, input: output });
  }

  /** Ends the execution because of a failure that nothing catches. */
  fail(failure: StateFailure): Step {
    const { position } = this.#execution;
    if (failure.error === QUERY_EVALUATION_ERROR && position) this.#recordEvaluationFailed(failure, position.state);
    return this.#endFailed(failure);
  }

  #endFailed({ error, reason }: StateFailure): Step {
    return this.end('FAILED', { error, cause: reason ?? null });
  }

  end(status: Exclude<ExecutionStatus, 'RUNNING'>, { output, error = null, cause = null }: Ending): Step {
    const { position } = this.#execution;
    if (status === 'ABORTED' && position?.entered) this.#append(`${this.#stateNamed(position.state).Type}StateAborted`);
    const shortCause = cause === null ? null : cause.slice(0, MAX_CAUSE_LENGTH);
    this.#append(ENDING_EVENTS[status], {
      ...(output === undefined ? {} : outputDetails(output)),
      ...(error === null ? {} : { error }),
      ...(shortCause === null ? {} : { cause: shortCause }),
    });
    this.#execution = {
      ...this.#execution,
      status,
      stoppedAt: this.#world.now(),
      output: output ?? null,
      error,
      cause: shortCause,
      position: null,
    };
    const isAbandoned = status === 'ABORTED' || status === 'TIMED_OUT';
    return isAbandoned && position?.attempt ? { ...this.#done(), cancel: position.attempt } : this.#done();
  }

  async #evaluate(template: Json, field: string, place: Place, added: AddedScope = {}): Promise<Json> {
    try {
      return await evaluateTemplate(template, field, this.#scope(place, added), this.#world);
    } catch (error) {
      throw error instanceof StateFailure ? this.#located(error, place) : error;
    }
  }

  /** The failure with AWS's opening words, which say where it happened. */
  #located({ error, reason, location }: StateFailure, { name, entered }: Place): StateFailure {
    const where = `An error occurred while executing the state '${name}' (entered at the event id #${entered.eventId}).`;
    return new StateFailure(error, `${where} ${reason}`, { location });
  }

  async #seconds(template: number | string, field: string, least: number, place: Place): Promise<number> {
    const value = await this.#evaluate(template, field, place);
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= MAX_SECONDS) return value;
    throw this.#located(unexpectedResult(String(template), field), place);
  }

  #scope({ name, state, input, entered }: Place, { states = {}, context = {} }: AddedScope): Scope {
    const execution = this.#execution;
    return {
      variables: execution.variables,
      states: {
        input,
        context: {
          Execution: {
            Id: execution.arn,
            Input: JSON.parse(execution.input),
            Name: execution.name,
            RoleArn: execution.roleArn,
            StartTime: new Date(execution.startedAt).toISOString(),
            RedriveCount: 0,
          },
          State: {
            Name: name,
            EnteredTime: new Date(entered.at).toISOString(),
            ...(state.Type === 'Task' ? { RetryCount: entered.retryCount } : {}),
          },
          StateMachine: { Id: execution.machineArn, Name: execution.machineName },
          ...context,
        },
        ...states,
      },
    };
  }

  #moveTo(position: Position): Step {
    this.#execution = { ...this.#execution, position };
    return this.#done();
  }

  #done(): Step {
    return { execution: this.#execution, events: this.#events };
  }

  #recordExit({ name, state }: Place, output: Json, assigned: Record<string, Json>): void {
    const variables = Object.entries(assigned).map(([variable, value]) => [variable, JSON.stringify(value)]);
    this.#record(`${state.Type}StateExited`, {
      name,
      ...outputDetails(output),
      ...(variables.length === 0
        ? {}
        : { assignedVariables: Object.fromEntries(variables), assignedVariablesDetails: { truncated: false } }),
    });
  }

  #recordEvaluationFailed({ error, reason, location }: StateFailure, state: string): void {
    this.#append('EvaluationFailed', { state, error, cause: reason ?? '', location: location ?? '' });
  }

  /** Appends to the history, whose last two events are kept free for the end of the execution and its reason. */
  #record(type: string, details: Record<string, Json>): number {
    if (this.#execution.lastEventId < MAX_HISTORY_EVENTS - 2) return this.#append(type, details);
    throw new StateFailure(
      RUNTIME_ERROR,
      `The execution reached the maximum number of history events (${MAX_HISTORY_EVENTS}).`,
    );
  }

  #append(type: string, details?: Record<string, Json>): number {
    const id = this.#execution.lastEventId + 1;
    // AWS gives the first state no predecessor, as if ExecutionStarted were no event.
    const previousEventId = id === 2 ? 0 : id - 1;
    this.#events.push({ id, previousEventId, timestamp: this.#world.now(), type, ...(details ? { details } : {}) });
    this.#execution = { ...this.#execution, lastEventId: id };
    return id;
  }

  #stateNamed(name: string): State {
    const state = this.#definition.States[name];
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

/** `arn:aws:states:::lambda:invoke.waitForTaskToken` as history events name it. */
function taskKind(resource: string): { resourceType: string; resource: string } {
  const [resourceType = '', name = ''] = resource.split(':').slice(-2);
  return { resourceType, resource: name };
}

const positionOf = ({ name, input, entered }: Place): Position => ({ state: name, input, entered });

const outputDetails = (output: Json) => ({ output: JSON.stringify(output), outputDetails: { truncated: false } });

function requireSize(value: Json, state: string, limit = MAX_STATE_DATA_BYTES): void {
  if (jsonSize(value) <= limit) return;
  throw new StateFailure(
    DATA_LIMIT_EXCEEDED,
    `The state/task '${state}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}
