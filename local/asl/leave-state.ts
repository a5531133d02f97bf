import type { Catcher, PassState, TaskState, WaitState } from './definition.ts';
import type { Json } from './json.ts';
import type { Place } from './place.ts';
import { requireSize } from './state-evaluation.ts';
import type { Step, StepInProgress } from './step.ts';

const MAX_VARIABLES_BYTES = 10 * 1024 * 1024;

/** How a state is left by something other than its own fields. */
interface Exit {
  /** Prefix of the field names in error messages: `Catch[0]/`. */
  readonly prefix?: string;
  readonly states?: Readonly<Record<string, Json>>;
  readonly defaultOutput?: Json;
}

/** Leaves a state by its own Output, Assign and Next. */
export async function leaveState(
  step: StepInProgress,
  place: Place<PassState | TaskState | WaitState>,
  result?: Json,
): Promise<Step> {
  const { state } = place;
  if (result === undefined) return exitState(step, place, state, state.Next);
  return exitState(step, place, state, state.Next, { states: { result }, defaultOutput: result });
}

/**
 * Evaluates Output and Assign of the state, of a choice rule or of a catcher, and then moves on or ends the execution.
 */
export async function exitState(
  step: StepInProgress,
  place: Place,
  { Output, Assign = {} }: Pick<Catcher, 'Output' | 'Assign'>,
  next: string | undefined,
  exit: Exit = {},
): Promise<Step> {
  const evaluation = step.evaluationOf(place);
  const { prefix = '', states = {}, defaultOutput = place.input } = exit;
  // Output and Assign both read the variables as they were before: Output does not see what Assign sets, nor the
  // reverse.
  const output =
    Output === undefined ? defaultOutput : await evaluation.evaluate(Output, `${prefix}Output`, { states });
  const assigned: Record<string, Json> = {};
  for (const [name, template] of Object.entries(Assign)) {
    assigned[name] = await evaluation.evaluate(template, `${prefix}Assign/${name}`, { states });
  }
  const variables = { ...step.execution.variables, ...assigned };
  requireSize(output, place.name);
  requireSize(assigned, place.name);
  requireSize(variables, place.name, MAX_VARIABLES_BYTES);
  step.recordExit(place, output, assigned);
  step.setVariables(variables);
  return next === undefined ? step.end('SUCCEEDED', { output }) : step.moveTo({ state: next, input: output });
}
