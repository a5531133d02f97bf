import { callsEnded } from '../adapters/calls-under-way.ts';

/** The SDK's own attempts take less, unless a service does not answer at all. */
const PATIENCE_MS = 3_000;

/**
 * Lets an invocation end only when its calls of services have ended. If one of several calls fails, the function fails
 * while the others go on. Lambda freezes them when the invocation ends: they would be made during the next invocation,
 * whenever that is, or never.
 */
export function untilCallsEnd() {
  const wait = (): Promise<void> => callsEnded(PATIENCE_MS);
  return { after: wait, onError: wait };
}
