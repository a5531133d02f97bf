import { randomUUID } from 'node:crypto';
import { advance } from '../../asl/advance.ts';
import { type Attempt, dueAt, type Execution, type ExecutionStatus, type HistoryEvent } from '../../asl/execution.ts';
import { RUNTIME_ERROR } from '../../asl/state-failure.ts';
import type { Step } from '../../asl/step.ts';
import type { Signal, World } from '../../asl/world.ts';
import type { Clock } from '../../clock.ts';
import { roleSession } from '../../door/callers.ts';
import { AwsError, type Caller } from '../../door/wire.ts';
import type { LocalEvent } from '../local-context.ts';
import type { ExecutionStore, StoredExecution } from './execution-store.ts';
import { type Integration, parseResource, TaskError } from './integration.ts';
import { createTaskToken } from './task-token.ts';

export interface ExecutionRunnerProps {
  readonly store: ExecutionStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly region: string;
  readonly waitsDividedBy: number;
  /** The integrations by action, for example `lambda:invoke`. */
  readonly integrations: Readonly<Record<string, Integration>>;
  /** Publishes a change of status; the event is stored permanently before this returns. */
  readonly announce: (execution: Execution, status: ExecutionStatus) => void;
  readonly record: (execution: Execution, events: readonly HistoryEvent[]) => void;
  readonly log: (event: LocalEvent) => void;
}

/** An answer to a task, from a caller that has only the task's token. */
export type TokenAnswer =
  | { readonly kind: 'succeeded'; readonly output: Execution['output'] }
  | { readonly kind: 'failed'; readonly error: string; readonly cause: string }
  | { readonly kind: 'heartbeat' };

/**
 * Runs executions. Each step of an execution is stored before it has any effect, and an execution takes one step at a
 * time. After a crash, `resume` therefore continues every execution at its last stored step. Work that was in progress
 * then is given to its service again: tasks run at least once, as on AWS.
 */
export class ExecutionRunner {
  readonly #props: ExecutionRunnerProps;
  readonly #world: World;
  /** The current step of each execution; if several steps wait for each other, the last of them. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #timers = new Map<string, () => void>();
  /** By attempt id: a controller that ends the waiting for running work. */
  readonly #work = new Map<string, AbortController>();
  #isStopped = false;

  constructor(props: ExecutionRunnerProps) {
    this.#props = props;
    this.#world = {
      now: () => props.clock.now(),
      random: props.random,
      uuid: randomUUID,
      region: props.region,
      waitsDividedBy: props.waitsDividedBy,
      taskToken: ({ arn }, attemptId) => createTaskToken({ executionArn: arn, attemptId }),
    };
  }

  /** Stores a new execution and starts it. */
  start(execution: Execution, definitionId: string): void {
    this.#commit({ execution, definitionId, unannounced: ['RUNNING'] }, []);
    this.#schedule(execution);
  }

  /** Continues everything that was running when the process ended. */
  resume(): void {
    for (const stored of this.#props.store.running()) {
      this.#announce(stored);
      const { execution } = stored;
      const attempt = execution.position?.attempt;
      if (execution.status === 'RUNNING' && attempt) this.#perform(execution, attempt);
      this.#schedule(execution);
    }
  }

  /** Ends all activity and leaves the executions unchanged. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#timers.values()) cancel();
    for (const controller of this.#work.values()) controller.abort();
    this.#timers.clear();
    this.#work.clear();
  }

  /** Applies a signal to an execution; resolves when the result is stored. */
  async signal(arn: string, signal: Signal): Promise<Step> {
    return this.#inTurn(arn, () => this.#step(arn, signal));
  }

  /** Answers the task with this token; throws when the task is over. */
  async answer(arn: string, token: string, answer: TokenAnswer): Promise<void> {
    await this.#inTurn(arn, async () => {
      if (this.#isDue(arn)) await this.#step(arn, { kind: 'proceed' });
      const attempt = this.#props.store.find(arn)?.execution.position?.attempt;
      if (attempt?.token !== token) {
        throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
      }
      const attemptId = attempt.id;
      if (answer.kind === 'succeeded') return this.#step(arn, { ...answer, attemptId, output: answer.output ?? null });
      return this.#step(arn, { ...answer, attemptId });
    });
  }

  #isDue(arn: string): boolean {
    const stored = this.#props.store.find(arn);
    return stored !== undefined && dueAt(stored.execution) <= this.#props.clock.now();
  }

  async #inTurn<T>(arn: string, action: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(arn) ?? Promise.resolve()).then(action);
    const settled = turn.catch(() => undefined);
    this.#turns.set(arn, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(arn) === settled) this.#turns.delete(arn);
    }
  }

  async #step(arn: string, signal: Signal): Promise<Step> {
    const stored = this.#props.store.find(arn);
    if (!stored) throw new Error(`advancing ${arn}: there is no such execution`);
    if (this.#isStopped) return { execution: stored.execution, events: [] };
    const step = await advance(
      this.#props.store.definition(stored.definitionId),
      stored.execution,
      signal,
      this.#world,
    );
    // The process may have been stopped while expressions were evaluated. A step that is not stored has not happened.
    if (this.#isStopped) return { execution: stored.execution, events: [] };
    if (step.execution === stored.execution) return step;
    const hasEnded = stored.execution.status === 'RUNNING' && step.execution.status !== 'RUNNING';
    const unannounced = hasEnded ? [...stored.unannounced, step.execution.status] : stored.unannounced;
    this.#commit({ ...stored, execution: step.execution, unannounced }, step.events);
    const previous = stored.execution.position?.attempt;
    if (previous && previous.id !== step.execution.position?.attempt?.id) this.#abandon(previous);
    if (step.cancel) this.#cancel(step.execution, step.cancel);
    if (step.perform) this.#perform(step.execution, step.perform);
    this.#schedule(step.execution);
    return step;
  }

  #commit(stored: StoredExecution, events: readonly HistoryEvent[]): void {
    this.#props.store.commit(stored, events);
    this.#props.record(stored.execution, events);
    this.#announce(stored);
  }

  #announce(stored: StoredExecution): void {
    if (stored.unannounced.length === 0) return;
    for (const status of stored.unannounced) this.#props.announce(stored.execution, status);
    this.#props.store.commit({ ...stored, unannounced: [] }, []);
  }

  #schedule(execution: Execution): void {
    const { arn } = execution;
    this.#timers.get(arn)?.();
    this.#timers.delete(arn);
    const due = dueAt(execution);
    if (this.#isStopped || due === Number.POSITIVE_INFINITY) return;
    const proceed = (): void => {
      this.signal(arn, { kind: 'proceed' }).catch((error: unknown) => this.#reportCrash(arn, error));
    };
    if (due <= this.#props.clock.now()) proceed();
    else this.#timers.set(arn, this.#props.clock.at(due, proceed));
  }

  /** Calls the service of a task and reports the result. */
  #perform(execution: Execution, attempt: Attempt): void {
    const controller = new AbortController();
    this.#work.set(attempt.id, controller);
    this.#runTask(execution, attempt, controller.signal)
      .catch((error: unknown) => this.#reportCrash(execution.arn, error))
      .finally(() => this.#work.delete(attempt.id));
  }

  async #runTask({ arn, roleArn, name }: Execution, attempt: Attempt, signal: AbortSignal): Promise<void> {
    const { integration, pattern } = this.#integrationOf(attempt);
    const caller = stateMachineSession(roleArn, name);
    const attemptId = attempt.id;
    try {
      let { submitted } = attempt;
      if (submitted === undefined) {
        submitted = await integration.submit(attempt.parameters, caller);
        if (pattern === 'requestResponse') {
          await this.signal(arn, { kind: 'succeeded', attemptId, output: submitted });
          return;
        }
        const { events } = await this.signal(arn, { kind: 'submitted', attemptId, output: submitted });
        const isWanted = events.some(({ type }) => type === 'TaskSubmitted');
        if (!isWanted && !this.#isStopped) await integration.cancel?.(submitted, caller);
        if (!isWanted) return;
      }
      if (pattern === 'sync' && integration.awaitEnd) {
        const output = await integration.awaitEnd(submitted, caller, signal);
        await this.signal(arn, { kind: 'succeeded', attemptId, output });
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof TaskError)) this.#reportCrash(arn, error);
      const failure = error instanceof TaskError ? error : new TaskError(RUNTIME_ERROR, String(error));
      await this.signal(arn, { kind: 'failed', attemptId, error: failure.error, cause: failure.reason });
    }
  }

  #abandon(attempt: Attempt): void {
    this.#work.get(attempt.id)?.abort();
  }

  /** Tries to end the job of a task that has timed out or whose execution was stopped. */
  #cancel({ roleArn, name, arn }: Execution, attempt: Attempt): void {
    const { integration } = this.#integrationOf(attempt);
    if (attempt.submitted === undefined || !integration.cancel) return;
    integration.cancel(attempt.submitted, stateMachineSession(roleArn, name)).catch((error: unknown) => {
      this.#props.log({
        source: 'states',
        message: 'a job could not be ended',
        fields: { arn, reason: String(error) },
      });
    });
  }

  #integrationOf({ resource }: Attempt): { integration: Integration; pattern: string } {
    const parsed = parseResource(resource);
    const integration = parsed && this.#props.integrations[parsed.action];
    if (!integration) throw new Error(`running a task: Resource ${resource} is not supported`);
    return { integration, pattern: parsed.pattern };
  }

  #reportCrash(arn: string, error: unknown): void {
    if (this.#isStopped) return;
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#props.log({
      source: 'states',
      message: 'an execution met a fault of the local cloud',
      fields: { arn, reason },
    });
  }
}

/** Returns the identity of a running state machine; role session names have at most 64 characters. */
function stateMachineSession(roleArn: string, executionName: string): Caller {
  return roleSession(roleArn, executionName.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 64));
}
