import jsonata from 'jsonata';
import { flat, only, type Template } from './synthesized.ts';

export interface State {
  readonly Type: 'Task' | 'Choice' | 'Wait' | 'Succeed' | 'Fail';
  readonly Comment?: string;
  readonly Resource?: string;
  readonly Arguments?: unknown;
  readonly Assign?: Record<string, unknown>;
  readonly Output?: unknown;
  readonly Next?: string;
  readonly Default?: string;
  readonly TimeoutSeconds?: number | string;
  readonly Seconds?: number | string;
  readonly Choices?: readonly {
    readonly Condition: string;
    readonly Next: string;
    readonly Assign?: Record<string, unknown>;
  }[];
  readonly Catch?: readonly {
    readonly ErrorEquals: readonly string[];
    readonly Next: string;
    readonly Assign?: Record<string, unknown>;
  }[];
  readonly Retry?: readonly {
    readonly ErrorEquals: readonly string[];
    readonly IntervalSeconds: number;
    readonly MaxAttempts: number;
    readonly BackoffRate: number;
    readonly MaxDelaySeconds: number;
    readonly JitterStrategy?: string;
  }[];
  readonly Error?: string;
  readonly Cause?: string;
}

export interface Definition {
  readonly StartAt: string;
  readonly QueryLanguage: string;
  readonly Comment?: string;
  readonly States: Record<string, State>;
}

/** The definition in the template, with references written out as `<LogicalId.Arn>`. */
export const definitionOf = (template: Template): Definition =>
  JSON.parse(flat(only(template, 'AWS::StepFunctions::StateMachine').Properties.DefinitionString));

/** What a task does in a walk: answer, or fail. */
export type Answer = { readonly payload?: unknown } | { readonly error: string; readonly cause?: string };

export interface Walk {
  /** States in the order they were entered. */
  readonly path: readonly string[];
  /** The last call of each task. */
  readonly calls: Readonly<Record<string, unknown>>;
  /** Every call in its order. */
  readonly log: readonly { readonly state: string; readonly call: unknown }[];
}

/**
 * Walks from the start to an end, evaluating every expression on the way. A task takes the next of its answers and
 * repeats the last; one without answers answers `{}`. Retries are not walked: an error is the last one.
 */
export async function walk(
  definition: Definition,
  deploymentId: string,
  answers: Readonly<Record<string, readonly Answer[]>>,
): Promise<Walk> {
  const variables: Record<string, unknown> = {};
  const left = Object.fromEntries(Object.entries(answers).map(([name, list]) => [name, [...list]]));
  const path: string[] = [];
  const calls: Record<string, unknown> = {};
  const log: { state: string; call: unknown }[] = [];
  let input: unknown = { deploymentId };
  for (let name: string | undefined = definition.StartAt; name; ) {
    const state: State | undefined = definition.States[name];
    if (!state) throw new Error(`there is no state ${name}`);
    if (path.push(name) > 100) throw new Error(`the walk does not end: ${path.slice(-5).join(', ')}`);
    const context = { State: { Name: name }, Task: { Token: 'a-token' }, Execution: { Name: deploymentId } };
    const evaluate = (value: unknown, more: object = {}) =>
      resolve(value, { ...variables, states: { input, context, ...more } });
    const assign = async (assignments: Record<string, unknown> | undefined, more: object = {}) =>
      Object.assign(variables, await evaluate(assignments ?? {}, more));

    if (state.Type === 'Choice') {
      let chosen: string | undefined;
      for (const rule of state.Choices ?? []) {
        const holds = await evaluate(rule.Condition);
        if (typeof holds !== 'boolean') throw new Error(`${name}: ${rule.Condition} is ${holds}`);
        if (holds) {
          chosen = rule.Next;
          await assign(rule.Assign);
          break;
        }
      }
      if (!chosen) await assign(state.Assign);
      name = chosen ?? state.Default;
    } else if (state.Type === 'Task') {
      calls[name] = await evaluate(state.Arguments);
      log.push({ state: name, call: calls[name] });
      if (state.TimeoutSeconds !== undefined) await evaluate(state.TimeoutSeconds);
      const queue = left[name] ?? [{ payload: {} }];
      const answer = (queue.length > 1 ? queue.shift() : queue[0]) ?? { payload: {} };
      if ('error' in answer) {
        const errorOutput = { Error: answer.error, ...(answer.cause !== undefined && { Cause: answer.cause }) };
        const caught = state.Catch?.find(({ ErrorEquals }) =>
          ErrorEquals.some((each) => each === 'States.ALL' || each === answer.error),
        );
        if (!caught) throw new Error(`${name} does not catch ${answer.error}`);
        await assign(caught.Assign, { errorOutput });
        name = caught.Next;
      } else {
        const result = { Payload: answer.payload };
        const output = await evaluate(state.Output, { result });
        await assign(state.Assign, { result });
        input = output;
        name = state.Next;
      }
    } else if (state.Type === 'Wait') {
      const seconds = await evaluate(state.Seconds);
      if (typeof seconds !== 'number' || seconds < 1) throw new Error(`${name} waits ${seconds} seconds`);
      input = await evaluate(state.Output);
      name = state.Next;
    } else {
      name = undefined;
    }
  }
  return { path, calls, log };
}

/** Evaluates the expressions in a value; as in Step Functions, one that yields nothing is an error. */
async function resolve(value: unknown, bindings: Record<string, unknown>): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((item) => resolve(item, bindings)));
  if (value && typeof value === 'object') {
    const entries = Object.entries(value).map(async ([key, inner]) => [key, await resolve(inner, bindings)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }
  const expression = typeof value === 'string' ? /^\{%(.*)%\}$/s.exec(value)?.[1] : undefined;
  if (expression === undefined) return value;
  const result: unknown = await jsonata(expression).evaluate({}, bindings);
  if (result === undefined) throw new Error(`States.QueryEvaluationError: ${expression} returned nothing`);
  return JSON.parse(JSON.stringify(result));
}
