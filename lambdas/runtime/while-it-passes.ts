import { setTimeout as sleep } from 'node:timers/promises';
import { PassingError } from '../domain/errors.ts';

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
/** Milliseconds that an attempt may take. */
const ATTEMPT_MS = 30_000;

interface Time {
  /** Milliseconds until Lambda ends the invocation. */
  readonly remaining: () => number;
  /** Waits so many milliseconds. */
  readonly pause: (ms: number) => Promise<unknown>;
}

/**
 * Tries again what failed with an error that passes, until the invocation has no time for another attempt. Lambda
 * itself tries an event only three times, within about three minutes, and an outage may last longer.
 */
export async function whileItPasses(attempt: () => Promise<void>, { remaining, pause }: Time): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS))
    try {
      return await attempt();
    } catch (error) {
      if (!passes(error) || remaining() < pauseMs + ATTEMPT_MS) throw error;
      await pause(pauseMs);
    }
}

export const untilLambdaEnds = (context: { readonly getRemainingTimeInMillis?: () => number }): Time => ({
  remaining: () => context.getRemainingTimeInMillis?.() ?? 0,
  pause: sleep,
});

/** Of several errors, one that passes makes another attempt worthwhile. */
const passes = (error: unknown): boolean =>
  error instanceof PassingError || (error instanceof AggregateError && error.errors.some(passes));
