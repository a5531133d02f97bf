import { MAX_SECONDS } from './definition.ts';
import type { Execution } from './execution.ts';
import { evaluateTemplate, type Scope, unexpectedResult } from './expression.ts';
import { type Json, jsonSize } from './json.ts';
import type { Place } from './place.ts';
import { DATA_LIMIT_EXCEEDED, StateFailure } from './state-failure.ts';
import type { World } from './world.ts';

/** Limit of Step Functions for inputs and outputs, in bytes. */
export const MAX_STATE_DATA_BYTES = 256 * 1024;

/** What an evaluation can read besides input and context. */
export interface AddedScope {
  readonly states?: Readonly<Record<string, Json>>;
  readonly context?: Readonly<Record<string, Json>>;
}

/** Evaluates the fields of a state that an execution has entered. */
export class StateEvaluation {
  readonly #execution: Execution;
  readonly #place: Place;
  readonly #world: World;

  constructor(execution: Execution, place: Place, world: World) {
    this.#execution = execution;
    this.#place = place;
    this.#world = world;
  }

  async evaluate(template: Json, field: string, added: AddedScope = {}): Promise<Json> {
    try {
      return await evaluateTemplate(template, field, this.#scope(added), this.#world);
    } catch (error) {
      throw error instanceof StateFailure ? this.#located(error) : error;
    }
  }

  async seconds(template: number | string, field: string, least: number): Promise<number> {
    const value = await this.evaluate(template, field);
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= MAX_SECONDS) return value;
    throw this.unexpected(String(template), field);
  }

  /** Returns the failure of a field whose value has the wrong type. */
  unexpected(template: string, field: string): StateFailure {
    return this.#located(unexpectedResult(template, field));
  }

  /** Adds AWS's opening words to the failure, which say where it happened. */
  #located({ error, reason, location }: StateFailure): StateFailure {
    const { name, entered } = this.#place;
    const where = `An error occurred while executing the state '${name}' (entered at the event id #${entered.eventId}).`;
    return new StateFailure(error, `${where} ${reason}`, { location });
  }

  #scope({ states = {}, context = {} }: AddedScope): Scope {
    const execution = this.#execution;
    const { name, state, input, entered } = this.#place;
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
}

/** Throws when the output of a state, or its variables, exceed the limit in bytes. */
export function requireSize(value: Json, state: string, limit = MAX_STATE_DATA_BYTES): void {
  if (jsonSize(value) <= limit) return;
  throw new StateFailure(
    DATA_LIMIT_EXCEEDED,
    `The state/task '${state}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}
