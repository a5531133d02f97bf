import { advance } from '../../local/asl/advance.ts';
import { type Definition, parseDefinition } from '../../local/asl/definition.ts';
import { type Attempt, dueAt, type Execution, type HistoryEvent, newExecution } from '../../local/asl/execution.ts';
import type { Json } from '../../local/asl/json.ts';
import type { Step } from '../../local/asl/step.ts';
import type { Signal, World } from '../../local/asl/world.ts';

export const EPOCH = Date.parse('2026-01-01T00:00:00.000Z');
const NAMES = {
  arn: 'arn:aws:states:eu-west-1:111111111111:execution:machine:run',
  name: 'run',
  machineArn: 'arn:aws:states:eu-west-1:111111111111:stateMachine:machine',
  machineName: 'machine',
  roleArn: 'arn:aws:iam::111111111111:role/machine-role',
};

/** How a task ends: with an output, with a failure, or (`undefined`) never by itself. */
type TaskOutcome = { output: Json } | { error: string; cause?: string } | undefined;

export interface DriveOptions {
  readonly input?: Json;
  /** Decides the outcome of each attempt. By default, a task returns its parameters. */
  readonly task?: (attempt: Attempt, number: number) => TaskOutcome;
  readonly random?: () => number;
  readonly waitsDividedBy?: number;
  /** Stops when the execution has nothing left to do within this many seconds after the start. */
  readonly untilSeconds?: number;
}

export class Drive {
  execution: Execution;
  readonly events: HistoryEvent[] = [];
  readonly performed: Attempt[] = [];
  readonly canceled: Attempt[] = [];
  now = EPOCH;
  readonly definition: Definition;
  readonly #task: NonNullable<DriveOptions['task']>;
  readonly #world: World;
  #ids = 0;

  constructor(definition: Definition, options: DriveOptions) {
    this.definition = definition;
    this.#task = options.task ?? ((attempt) => ({ output: attempt.parameters }));
    this.#world = {
      now: () => this.now,
      random: options.random ?? (() => 0.5),
      uuid: () => `id-${++this.#ids}`,
      region: 'eu-west-1',
      waitsDividedBy: options.waitsDividedBy ?? 1,
      taskToken: (_execution, attemptId) => `token-${attemptId}`,
    };
    const input = JSON.stringify(options.input ?? {});
    this.execution = newExecution(definition, { ...NAMES, input, startedAt: EPOCH });
  }

  async signal(signal: Signal): Promise<Step> {
    const step = await advance(this.definition, this.execution, signal, this.#world);
    // The execution is stored as JSON. An interpreter that kept other values in it would not survive a restart.
    this.execution = JSON.parse(JSON.stringify(step.execution));
    this.events.push(...step.events);
    if (step.cancel) this.canceled.push(step.cancel);
    if (step.perform) {
      this.performed.push(step.perform);
      const outcome = this.#task(step.perform, this.performed.length);
      if (outcome && 'output' in outcome) {
        await this.signal({ kind: 'succeeded', attemptId: step.perform.id, output: outcome.output });
      } else if (outcome) {
        await this.signal({
          kind: 'failed',
          attemptId: step.perform.id,
          error: outcome.error,
          cause: outcome.cause ?? '',
        });
      }
    }
    return step;
  }

  /** Runs until the execution ends or only a signal can continue it. Where the execution waits, time passes at once. */
  async run(untilSeconds = Number.POSITIVE_INFINITY): Promise<void> {
    for (
      let due = dueAt(this.execution);
      due <= EPOCH + untilSeconds * 1000 && due !== Number.POSITIVE_INFINITY;
      due = dueAt(this.execution)
    ) {
      this.now = Math.max(this.now, due);
      await this.signal({ kind: 'proceed' });
    }
  }

  get seconds(): number {
    return (this.now - EPOCH) / 1000;
  }

  get attempt(): Attempt {
    const attempt = this.execution.position?.attempt;
    if (!attempt) throw new Error('no task is under way');
    return attempt;
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

/** Runs a state machine as far as it goes. */
export async function drive(definition: unknown, options: DriveOptions = {}): Promise<Drive> {
  const run = new Drive(parseDefinition(JSON.stringify(definition)), options);
  await run.run(options.untilSeconds);
  return run;
}

/** Makes a machine of the given states in JSONata, which starts at the first one. */
export function machine(states: Record<string, unknown>, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0], States: states, ...more };
}

export const INVOKE = 'arn:aws:states:::lambda:invoke';
export const INVOKE_AND_WAIT = 'arn:aws:states:::lambda:invoke.waitForTaskToken';
