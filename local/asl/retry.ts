import type { Catcher, Retrier } from './definition.ts';
import { DATA_LIMIT_EXCEEDED, RUNTIME_ERROR, type StateFailure, TIMEOUT } from './state-failure.ts';

/** Errors that no wildcard matches. */
const TERMINAL_ERRORS = new Set([DATA_LIMIT_EXCEEDED, RUNTIME_ERROR]);

/**
 * Returns the index of the first entry whose ErrorEquals matches; only this entry decides what happens. -1 when no
 * entry matches.
 */
export function findHandler(handlers: readonly (Retrier | Catcher)[], failure: StateFailure): number {
  return handlers.findIndex(({ ErrorEquals }) => ErrorEquals.some((pattern) => matchesError(pattern, failure)));
}

function matchesError(pattern: string, { error, heartbeat }: StateFailure): boolean {
  if (error === RUNTIME_ERROR) return false;
  if (pattern === error) return true;
  if (TERMINAL_ERRORS.has(error)) return false;
  if (pattern === 'States.HeartbeatTimeout') return heartbeat;
  if (pattern === 'States.TaskFailed') return error !== TIMEOUT;
  return pattern === 'States.ALL';
}

/** Returns the milliseconds until the next retry, after `retriesSoFar` earlier retries of the same entry. */
export function retryDelay(retrier: Retrier, retriesSoFar: number, random: () => number): number {
  const grown = retrier.IntervalSeconds * retrier.BackoffRate ** retriesSoFar;
  const seconds = Math.min(grown, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
  return 1000 * (retrier.JitterStrategy === 'FULL' ? seconds * random() : seconds);
}
