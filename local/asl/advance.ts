import * as z from 'zod';
import type { ChoiceState, Definition, FailState, State, SucceedState, WaitState } from './definition.ts';
import type { Entered, Execution, Position } from './execution.ts';
import { exitState, leaveState } from './leave-state.ts';
import { type Place, positionOf } from './place.ts';
import { requireSize } from './state-evaluation.ts';
import { NO_CHOICE_MATCHED, StateFailure, TIMEOUT } from './state-failure.ts';
import { type Step, StepInProgress } from './step.ts';
import { handleSignal, scheduleTask } from './task-state.ts';
import type { Signal, World } from './world.ts';

/** Returns the execution after `signal`, with its new history events. Pure except for `world`. */
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
    return await take(step, signal);
  } catch (error) {
    if (!(error instanceof StateFailure)) throw error;
    return step.fail(error);
  }
}

async function take(step: StepInProgress, signal: Signal): Promise<Step> {
  const { position } = step.execution;
  if ('attemptId' in signal && signal.attemptId !== position?.attempt?.id) return step.done();
  if (position === null) return begin(step);
  const { state: name, input, entered, attempt, pausedUntil } = position;
  const state = step.stateNamed(name);
  if (entered === undefined) return enterState(step, state, position);
  if (pausedUntil !== undefined && pausedUntil > step.world.now()) return step.done();
  switch (state.Type) {
    case 'Wait':
      return leaveState(step, { name, state, input, entered });
    case 'Task':
      return attempt
        ? handleSignal(step, signal, { name, state, input, entered }, attempt)
        : scheduleTask(step, { name, state, input, entered });
    case 'Pass':
    case 'Choice':
    case 'Succeed':
    case 'Fail':
      throw new Error(`advancing execution ${step.execution.arn}: a ${state.Type} state never waits`);
  }
}

function begin(step: StepInProgress): Step {
  const { input, roleArn } = step.execution;
  step.record('ExecutionStarted', { input, inputDetails: { truncated: false }, roleArn });
  return step.moveTo({ state: step.definition.StartAt, input: JSON.parse(input) });
}

async function enterState(step: StepInProgress, state: State, { state: name, input }: Position): Promise<Step> {
  const eventId = step.record(`${state.Type}StateEntered`, {
    name,
    input: JSON.stringify(input),
    inputDetails: { truncated: false },
  });
  const entered: Entered = { at: step.world.now(), eventId, retryCount: 0, retries: {} };
  switch (state.Type) {
    case 'Pass':
      return leaveState(step, { name, state, input, entered });
    case 'Choice':
      return chooseRule(step, { name, state, input, entered });
    case 'Wait':
      return pauseState(step, { name, state, input, entered });
    case 'Succeed':
      return succeed(step, { name, state, input, entered });
    case 'Fail':
      return failAsWritten(step, { name, state, input, entered });
    case 'Task':
      return scheduleTask(step, { name, state, input, entered });
  }
}

async function chooseRule(step: StepInProgress, place: Place<ChoiceState>): Promise<Step> {
  const { name, state } = place;
  const evaluation = step.evaluationOf(place);
  for (const [index, rule] of state.Choices.entries()) {
    const field = `Choices[${index}]/Condition`;
    const holds = await evaluation.evaluate(rule.Condition, field);
    if (typeof holds !== 'boolean') throw evaluation.unexpected(String(rule.Condition), field);
    if (holds) return exitState(step, place, rule, rule.Next, { prefix: `Choices[${index}]/` });
  }
  if (state.Default !== undefined) return exitState(step, place, state, state.Default);
  throw new StateFailure(NO_CHOICE_MATCHED, `No choice of the state '${name}' matched, and it has no Default.`);
}

async function pauseState(step: StepInProgress, place: Place<WaitState>): Promise<Step> {
  return step.moveTo({ ...positionOf(place), pausedUntil: await endOfWait(step, place) });
}

async function endOfWait(step: StepInProgress, place: Place<WaitState>): Promise<number> {
  const evaluation = step.evaluationOf(place);
  const { Seconds = 0, Timestamp } = place.state;
  if (Timestamp === undefined) {
    const { world } = step;
    return world.now() + (1000 * (await evaluation.seconds(Seconds, 'Seconds', 0))) / world.waitsDividedBy;
  }
  const timestamp = z.iso.datetime({ offset: true }).safeParse(await evaluation.evaluate(Timestamp, 'Timestamp'));
  if (!timestamp.success) throw evaluation.unexpected(Timestamp, 'Timestamp');
  return Date.parse(timestamp.data);
}

async function succeed(step: StepInProgress, place: Place<SucceedState>): Promise<Step> {
  const { Output } = place.state;
  const output = Output === undefined ? place.input : await step.evaluationOf(place).evaluate(Output, 'Output');
  requireSize(output, place.name);
  step.recordExit(place, output, {});
  return step.end('SUCCEEDED', { output });
}

async function failAsWritten(step: StepInProgress, place: Place<FailState>): Promise<Step> {
  const evaluation = step.evaluationOf(place);
  const text = async (template: string | undefined, field: string): Promise<string | null> => {
    if (template === undefined) return null;
    const value = await evaluation.evaluate(template, field);
    if (typeof value !== 'string') throw evaluation.unexpected(template, field);
    return value;
  };
  const { Error: error, Cause: cause } = place.state;
  return step.end('FAILED', { error: await text(error, 'Error'), cause: await text(cause, 'Cause') });
}
