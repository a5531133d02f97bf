import type { Execution } from './execution.ts';
import type { Json } from './json.ts';
import type { Chance } from './query-functions.ts';

/** What the interpreter gets from outside, so that tests can control it. */
export interface World extends Chance {
  /** Epoch milliseconds. */
  now(): number;
  readonly region: string;
  /** Retry intervals and the seconds of Wait states are this many times shorter than the definition says. */
  readonly waitsDividedBy: number;
  /** Returns a new token for this attempt. */
  taskToken(execution: Execution, attemptId: string): string;
}

/** Something that happens to an execution from outside. Signals about an attempt that has ended change nothing. */
export type Signal =
  | { readonly kind: 'proceed' }
  | { readonly kind: 'submitted'; readonly attemptId: string; readonly output: Json }
  | { readonly kind: 'succeeded'; readonly attemptId: string; readonly output: Json }
  | { readonly kind: 'failed'; readonly attemptId: string; readonly error: string; readonly cause: string }
  | { readonly kind: 'heartbeat'; readonly attemptId: string }
  | { readonly kind: 'stop'; readonly error: string | null; readonly cause: string | null };
