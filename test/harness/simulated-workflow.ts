import * as z from 'zod';
import { onWire } from '../../lambdas/domain/contract/passing-on-wire.ts';
import { PassingError } from '../../lambdas/domain/errors.ts';
import type { Workflow } from '../../lambdas/domain/ports.ts';
import { advance } from '../../local/asl/advance.ts';
import { type Attempt, dueAt, type Execution, newExecution } from '../../local/asl/execution.ts';
import type { Json } from '../../local/asl/json.ts';
import type { Step } from '../../local/asl/step.ts';
import type { Signal, World } from '../../local/asl/world.ts';
import { deploymentDefinition } from './deployment-definition.ts';
import { type SimulatedBuilds, StartBuildError } from './simulated-builds.ts';
import { functionCalled, type WorkflowServices } from './workflow-functions.ts';

const STATUS = {
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  ABORTED: 'aborted',
  TIMED_OUT: 'timed-out',
} as const;

const NAMES = {
  machineArn: 'arn:aws:states:eu-west-1:000000000000:stateMachine:stagegate-deployment',
  machineName: 'stagegate-deployment',
  roleArn: 'arn:aws:iam::000000000000:role/stagegate-deployment',
};

/** A crash of a function in the middle of its work, by the name that Lambda gives it. */
class Crash extends Error {
  override readonly name = 'Runtime.ExitError';
  constructor() {
    super('a crash between the commit and what follows it');
  }
}

const BuildSchema = z.object({ Build: z.object({ Id: z.string() }) });

/**
 * Step Functions, one state per step. The interpreter of the local cloud runs the deployed definition, and calls the
 * operations that the functions perform. Starts and resumptions are lost while `isUnreachable` is set.
 */
export class SimulatedWorkflow implements Workflow {
  readonly executions = new Map<string, Execution>();
  /** While this is set, every call of start and resume fails. */
  isUnreachable = false;
  readonly #definition = deploymentDefinition();
  readonly #services: WorkflowServices;
  readonly #builds: SimulatedBuilds;
  /** Executions that are in the middle of a step. An execution does one step at a time. */
  readonly #stepping = new Set<string>();
  #attempts = 0;

  constructor(services: WorkflowServices, builds: SimulatedBuilds) {
    this.#services = services;
    this.#builds = builds;
  }

  /** Copies the state of another workflow, which must be between two steps. */
  goOnFrom(other: SimulatedWorkflow): void {
    for (const [id, execution] of other.executions) this.executions.set(id, execution);
    this.#attempts = other.#attempts;
  }

  async start(deploymentId: string): Promise<void> {
    if (this.isUnreachable) throw new Crash();
    if (this.executions.has(deploymentId)) return;
    const arn = `${NAMES.machineArn.replace(':stateMachine:', ':execution:')}:${deploymentId}`;
    const input = JSON.stringify({ deploymentId });
    const beginning = { ...NAMES, arn, name: deploymentId, input, startedAt: this.#now() };
    const fresh = newExecution(this.#definition, beginning);
    const { execution } = await advance(this.#definition, fresh, { kind: 'proceed' }, this.#worldOf(fresh));
    if (!this.executions.has(deploymentId)) this.executions.set(deploymentId, execution);
  }

  async resume(token: string): Promise<'resumed' | 'gone'> {
    if (this.isUnreachable) throw new Crash();
    for (const [id, { position }] of this.executions) {
      if (position?.attempt?.token !== token) continue;
      const answer: Signal = { kind: 'succeeded', attemptId: position.attempt.id, output: {} };
      const { events } = await this.#signal(id, answer);
      return events.some(({ type }) => type === 'TaskSucceeded') ? 'resumed' : 'gone';
    }
    return 'gone';
  }

  async execution(deploymentId: string): ReturnType<Workflow['execution']> {
    const execution = this.executions.get(deploymentId);
    return { status: execution ? STATUS[execution.status] : 'absent' };
  }

  async builds(deploymentId: string): Promise<string[]> {
    return this.#builds.answeredOf(deploymentId).toReversed();
  }

  /** StopExecution: no Catch applies, and a build of the execution continues. */
  async abort(deploymentId: string): Promise<void> {
    if (this.executions.has(deploymentId)) await this.#signal(deploymentId, { kind: 'stop', error: null, cause: null });
  }

  /** Puts the execution back before a state that it has already passed. It keeps all its variables. */
  goBackTo(deploymentId: string, state: string): void {
    const execution = this.#executionOf(deploymentId);
    this.executions.set(deploymentId, { ...execution, position: { state, input: { deploymentId } } });
  }

  /** Returns whether this execution can make a step without a signal from outside. */
  canStep(deploymentId: string): boolean {
    const execution = this.executions.get(deploymentId);
    if (execution?.status !== 'RUNNING' || this.#stepping.has(deploymentId)) return false;
    return buildOf(execution) !== undefined || isRetrying(execution) || dueAt(execution) <= this.#now();
  }

  /** Passes one state, or enters or leaves a waiting one. */
  async step(deploymentId: string): Promise<void> {
    if (!this.canStep(deploymentId)) return;
    this.#stepping.add(deploymentId);
    try {
      const build = buildOf(this.#executionOf(deploymentId));
      if (build) await this.#endBuild(deploymentId, build);
      else {
        const { perform } = await this.#signal(deploymentId, { kind: 'proceed' });
        if (perform) await this.#perform(deploymentId, perform);
      }
      while (this.#isBetweenTasks(deploymentId)) await this.#signal(deploymentId, { kind: 'proceed' });
    } finally {
      this.#stepping.delete(deploymentId);
    }
  }

  /** Steps until the execution waits for a signal from outside or has ended. */
  async run(deploymentId: string): Promise<void> {
    for (let steps = 0; this.canStep(deploymentId); steps++) {
      if (steps > 200) throw new Error(`execution "${deploymentId}" runs in circles at ${this.stateOf(deploymentId)}`);
      await this.step(deploymentId);
      // While the workflow is unreachable, every retry would crash again.
      if (this.isUnreachable) return;
    }
  }

  /** Steps until the execution is at this state. */
  async runTo(deploymentId: string, state: string): Promise<void> {
    for (let steps = 0; this.stateOf(deploymentId) !== state; steps++) {
      if (!this.canStep(deploymentId) || steps > 200)
        throw new Error(`execution "${deploymentId}" comes to ${this.stateOf(deploymentId)}, and not to ${state}`);
      await this.step(deploymentId);
    }
  }

  /** Returns the current state of the execution, or undefined when the execution has ended. */
  stateOf(deploymentId: string): string | undefined {
    return this.executions.get(deploymentId)?.position?.state;
  }

  #now(): number {
    return Date.parse(this.#services.surroundings.now());
  }

  #executionOf(deploymentId: string): Execution {
    const execution = this.executions.get(deploymentId);
    if (!execution) throw new Error(`there is no execution "${deploymentId}"`);
    return execution;
  }

  /** Applies a signal to the execution. If the execution changes meanwhile, the signal is applied to the new state. */
  async #signal(deploymentId: string, signal: Signal): Promise<Step> {
    for (;;) {
      const before = this.#executionOf(deploymentId);
      const step = await advance(this.#definition, before, signal, this.#worldOf(before));
      if (this.executions.get(deploymentId) !== before) continue;
      this.executions.set(deploymentId, step.execution);
      return step;
    }
  }

  #worldOf(execution: Execution): World {
    // Retries do not wait here: they see a clock that is ahead.
    const retryAt = isRetrying(execution) ? (execution.position?.pausedUntil ?? 0) : 0;
    return {
      now: () => Math.max(this.#now(), retryAt),
      random: () => 0,
      uuid: () => `attempt-${++this.#attempts}`,
      region: 'eu-west-1',
      waitsDividedBy: 1,
      taskToken: (_, attemptId) => `token-of-${attemptId}`,
    };
  }

  /** Returns whether the execution is running and is about to enter a state that is no task. */
  #isBetweenTasks(deploymentId: string): boolean {
    const { status, position } = this.#executionOf(deploymentId);
    if (status !== 'RUNNING' || !position || position.entered) return false;
    return this.#definition.States[position.state]?.Type !== 'Task';
  }

  async #perform(deploymentId: string, attempt: Attempt): Promise<void> {
    const { id: attemptId, resource, parameters } = attempt;
    if (resource.endsWith(':codebuild:startBuild.sync')) {
      await this.#signal(deploymentId, this.#startBuild(deploymentId, attemptId, parameters));
      return;
    }
    const invoke = functionCalled(this.#services, parameters);
    let answer: Json;
    try {
      answer = asJson(await invoke());
    } catch (error) {
      return this.#fail(deploymentId, attemptId, error);
    }
    const kind = attempt.token === undefined ? 'succeeded' : 'submitted';
    await this.#signal(deploymentId, { kind, attemptId, output: { Payload: answer } });
  }

  #startBuild(deploymentId: string, attemptId: string, parameters: Json): Signal {
    try {
      const output = { Build: { Id: this.#builds.start(deploymentId, parameters) } };
      return { kind: 'submitted', attemptId, output };
    } catch (error) {
      if (!(error instanceof StartBuildError)) throw error;
      return { kind: 'failed', attemptId, error: error.name, cause: error.message };
    }
  }

  async #fail(deploymentId: string, attemptId: string, thrown: unknown): Promise<void> {
    if (!(thrown instanceof Error)) throw thrown;
    const { name: error, message } = thrown instanceof PassingError ? onWire(thrown) : thrown;
    const cause = JSON.stringify({ errorType: error, errorMessage: message });
    const { execution } = await this.#signal(deploymentId, { kind: 'failed', attemptId, error, cause });
    // A retry after any other error would fail again, and a mistake in a test would end as a stuck execution.
    const isPassing = thrown instanceof PassingError || thrown instanceof Crash;
    if (isRetrying(execution) && !isPassing) throw thrown;
  }

  async #endBuild(deploymentId: string, { attemptId, buildId }: BuildUnderWay): Promise<void> {
    const status = await this.#builds.end(buildId);
    const output = { Build: { Id: buildId, BuildStatus: status } };
    const signal: Signal =
      status === 'SUCCEEDED'
        ? { kind: 'succeeded', attemptId, output }
        : { kind: 'failed', attemptId, error: 'States.TaskFailed', cause: JSON.stringify(output) };
    await this.#signal(deploymentId, signal);
  }
}

interface BuildUnderWay {
  readonly attemptId: string;
  readonly buildId: string;
}

function buildOf({ position }: Execution): BuildUnderWay | undefined {
  const { attempt } = position ?? {};
  if (attempt?.submitted === undefined || attempt.token !== undefined) return undefined;
  return { attemptId: attempt.id, buildId: BuildSchema.parse(attempt.submitted).Build.Id };
}

/** Returns whether the execution pauses before another attempt of the same task. */
const isRetrying = ({ position }: Execution): boolean =>
  position?.pausedUntil !== undefined && position.attempt === undefined && (position.entered?.retryCount ?? 0) > 0;

/** Returns the answer of a function after it was written as JSON and read again. */
const asJson = (answer: unknown): Json => JSON.parse(JSON.stringify(answer ?? {}));
