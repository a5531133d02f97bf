import type { Definition } from '../../local/asl/definition.ts';
import type { Json } from '../../local/asl/json.ts';
import { Drive } from '../harness/drive.ts';

/** What a task does in a walk: it answers or fails. */
export type Answer = { readonly payload?: Json } | { readonly error: string; readonly cause?: string };

interface Call {
  readonly state: string;
  readonly call: Json;
  /** The token of a task that waits for its token. */
  readonly token?: string;
}

export interface Walk {
  /** The states in the order in which they were entered. */
  readonly path: readonly string[];
  /** The last call of each task. */
  readonly calls: Readonly<Record<string, unknown>>;
  /** All calls in their order, including those of retries. */
  readonly log: readonly Call[];
  /** The reasons why expressions could not be evaluated. */
  readonly unevaluated: readonly string[];
}

const MOST_CALLS = 300;

/**
 * Walks from the start to an end, as the local cloud does. Each attempt of a task takes the next of its answers, and
 * repeats the last one when no more are left. A task without answers answers `{}`.
 */
export async function walkAnyway(
  definition: Definition,
  deploymentId: string,
  answers: Readonly<Record<string, readonly Answer[]>>,
): Promise<Walk> {
  const left = new Map(Object.entries(answers).map(([state, list]) => [state, [...list]]));
  const log: Call[] = [];
  const run = new Drive(definition, {
    input: { deploymentId },
    task: ({ parameters, token }) => {
      const state = run.execution.position?.state ?? '';
      log.push({ state, call: parameters, ...(token !== undefined && { token }) });
      if (log.length > MOST_CALLS) throw new Error(`the walk does not end: it is at ${state}`);
      const queue = left.get(state) ?? [];
      const answer = (queue.length > 1 ? queue.shift() : queue[0]) ?? {};
      return 'error' in answer ? answer : { output: { Payload: answer.payload ?? {} } };
    },
  });
  await run.run();
  const path = run.events.flatMap(({ type, details }) =>
    type.endsWith('StateEntered') ? [String(details?.name)] : [],
  );
  const end = path.at(-1) ?? '';
  const isEnd = ['Succeed', 'Fail'].includes(definition.States[end]?.Type ?? '');
  if (!isEnd) throw new Error(`the walk ends at ${end}: ${run.execution.error}, ${run.execution.cause}`);
  const unevaluated = run.events.flatMap(({ type, details }) =>
    type === 'EvaluationFailed' ? [String(details?.cause)] : [],
  );
  return { path, calls: Object.fromEntries(log.map(({ state, call }) => [state, call])), log, unevaluated };
}

/** Walks like `walkAnyway`. Throws when an expression on the way could not be evaluated. */
export async function walk(...way: Parameters<typeof walkAnyway>): Promise<Walk> {
  const walked = await walkAnyway(...way);
  if (walked.unevaluated.length > 0) throw new Error(walked.unevaluated.join('; '));
  return walked;
}
