import type { TaskState } from './definition.ts';
import type { Attempt } from './execution.ts';
import { exitState, leaveState } from './leave-state.ts';
import { type Place, positionOf } from './place.ts';
import { findHandler, retryDelay } from './retry.ts';
import { type AddedScope, requireSize } from './state-evaluation.ts';
import { QUERY_EVALUATION_ERROR, StateFailure, TIMEOUT } from './state-failure.ts';
import { outputDetails, type Step, type StepInProgress } from './step.ts';
import type { Signal } from './world.ts';

/** Starts an attempt of a task. */
export async function scheduleTask(step: StepInProgress, place: Place<TaskState>): Promise<Step> {
  const { Resource: resource, Arguments, TimeoutSeconds, HeartbeatSeconds } = place.state;
  const evaluation = step.evaluationOf(place);
  const id = step.world.uuid();
  const token = resource.endsWith('.waitForTaskToken') ? step.world.taskToken(step.execution, id) : undefined;
  const seconds = async (template: number | string | undefined, field: string) =>
    template === undefined ? null : evaluation.seconds(template, field, 1);
  try {
    const added: AddedScope = token === undefined ? {} : { context: { Task: { Token: token } } };
    const parameters = Arguments === undefined ? {} : await evaluation.evaluate(Arguments, 'Arguments', added);
    const timeoutSeconds = await seconds(TimeoutSeconds, 'TimeoutSeconds');
    const heartbeatSeconds = await seconds(HeartbeatSeconds, 'HeartbeatSeconds');
    step.record('TaskScheduled', {
      ...taskKind(resource),
      region: step.world.region,
      parameters: JSON.stringify(parameters),
      ...(timeoutSeconds === null ? {} : { timeoutInSeconds: timeoutSeconds }),
      ...(heartbeatSeconds === null ? {} : { heartbeatInSeconds: heartbeatSeconds }),
    });
    step.record('TaskStarted', taskKind(resource));
    const now = step.world.now();
    const attempt: Attempt = {
      id,
      resource,
      parameters,
      ...(token === undefined ? {} : { token }),
      timeoutAt: timeoutSeconds === null ? null : now + timeoutSeconds * 1000,
      heartbeatSeconds,
      heartbeatAt: heartbeatSeconds === null ? null : now + heartbeatSeconds * 1000,
    };
    return { ...step.moveTo({ ...positionOf(place), attempt }), perform: attempt };
  } catch (error) {
    return recover(step, error, place);
  }
}

/** Handles a signal about the running attempt of a task. */
export async function handleSignal(
  step: StepInProgress,
  signal: Signal,
  place: Place<TaskState>,
  attempt: Attempt,
): Promise<Step> {
  const kind = taskKind(attempt.resource);
  const now = step.world.now();
  const isTimedOut = attempt.timeoutAt !== null && attempt.timeoutAt <= now;
  const isSilent = attempt.heartbeatAt !== null && attempt.heartbeatAt <= now;
  if (isTimedOut || isSilent) {
    step.record('TaskTimedOut', { ...kind, error: TIMEOUT });
    const failure = new StateFailure(TIMEOUT, undefined, { heartbeat: !isTimedOut });
    return { ...(await recover(step, failure, place)), cancel: attempt };
  }
  switch (signal.kind) {
    case 'proceed':
    case 'stop':
      return step.done();
    case 'heartbeat': {
      const heartbeatAt = attempt.heartbeatSeconds === null ? null : now + attempt.heartbeatSeconds * 1000;
      return step.moveTo({ ...positionOf(place), attempt: { ...attempt, heartbeatAt } });
    }
    case 'submitted':
      step.record('TaskSubmitted', { ...kind, ...outputDetails(signal.output) });
      return step.moveTo({ ...positionOf(place), attempt: { ...attempt, submitted: signal.output } });
    case 'failed':
      step.record('TaskFailed', { ...kind, error: signal.error, cause: signal.cause });
      return recover(step, new StateFailure(signal.error, signal.cause), place);
    case 'succeeded':
      try {
        requireSize(signal.output, place.name);
        step.record('TaskSucceeded', { ...kind, ...outputDetails(signal.output) });
        return await leaveState(step, place, signal.output);
      } catch (error) {
        return recover(step, error, place);
      }
  }
}

/** Retries the failed task, moves to the state that its Catch names, or lets the failure end the execution. */
async function recover(step: StepInProgress, error: unknown, place: Place<TaskState>): Promise<Step> {
  if (!(error instanceof StateFailure)) throw error;
  const { state, entered } = place;
  if (error.error === QUERY_EVALUATION_ERROR) step.recordEvaluationFailed(error, place.name);
  const index = findHandler(state.Retry, error);
  const retrier = state.Retry[index];
  const retries = entered.retries[index] ?? 0;
  if (retrier && retries < retrier.MaxAttempts) {
    const { world } = step;
    const delay = retryDelay(retrier, retries, () => world.random()) / world.waitsDividedBy;
    return step.moveTo({
      ...positionOf(place),
      entered: {
        ...entered,
        retryCount: entered.retryCount + 1,
        retries: { ...entered.retries, [index]: retries + 1 },
      },
      pausedUntil: world.now() + delay,
    });
  }
  const catcherIndex = findHandler(state.Catch, error);
  const catcher = state.Catch[catcherIndex];
  if (!catcher) return step.endFailed(error);
  const errorOutput = { Error: error.error, Cause: error.reason ?? '' };
  return exitState(step, place, catcher, catcher.Next, {
    prefix: `Catch[${catcherIndex}]/`,
    states: { errorOutput },
    defaultOutput: errorOutput,
  });
}

/** Splits `arn:aws:states:::lambda:invoke.waitForTaskToken` into the fields of history events. */
function taskKind(resource: string): { resourceType: string; resource: string } {
  const [resourceType = '', name = ''] = resource.split(':').slice(-2);
  return { resourceType, resource: name };
}
