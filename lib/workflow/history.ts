/**
 * The most events in the history of an execution, after which it fails.
 * Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export const MOST_EVENTS = 25_000;

/** A task that calls a function: entered, scheduled, started, succeeded, left. */
export const EVENTS_OF_TASK = 5;
/** Another attempt of a task: failed, scheduled, started. */
export const EVENTS_OF_RETRY = 3;
/** A choice, a pause: entered, left. */
export const EVENTS_OF_STEP = 2;
/** One look of a waiting execution: the task, the choice about its answer, and the pause. */
export const EVENTS_OF_LOOK = EVENTS_OF_TASK + 2 * EVENTS_OF_STEP;

/** The share of the history for the waits of DNS. The rest is for a long ban of applies, rounds and retries. */
export const MOST_EVENTS_OF_DNS = 7_000;

/** How a task is retried, in seconds (`retries.ts`). */
export const RETRYING = { first: 2, rate: 2, longest: 60, attempts: 19 } as const;

/** Seconds that pass before each number of further attempts. */
const SECONDS_OF_RETRIES = Array.from({ length: RETRYING.attempts + 1 }, (_, attempts) =>
  Array.from({ length: attempts }, (_each, index) =>
    Math.min(RETRYING.first * RETRYING.rate ** index, RETRYING.longest),
  ).reduce((sum, seconds) => sum + seconds, 0),
);

interface DnsWaits {
  readonly dnsPollSeconds: number;
  readonly certificateWaitSeconds: number;
  readonly dnsChangeWaitSeconds: number;
}

/**
 * Returns the most events that the waits of DNS can make in one execution: one wait for the certificate, and three for
 * changes (the records in sync; after a destruction also the certificate out of use). Each look may need further
 * attempts, which make events and take time.
 */
export function eventsOfDns({ dnsPollSeconds, certificateWaitSeconds, dnsChangeWaitSeconds }: DnsWaits): number {
  const waits = [certificateWaitSeconds, dnsChangeWaitSeconds, dnsChangeWaitSeconds, dnsChangeWaitSeconds];
  const most = (waitSeconds: number): number =>
    Math.max(
      ...SECONDS_OF_RETRIES.map(
        (seconds, attempts) =>
          (EVENTS_OF_LOOK + EVENTS_OF_RETRY * attempts) * (Math.ceil(waitSeconds / (dnsPollSeconds + seconds)) + 1),
      ),
    );
  return waits.reduce((sum, seconds) => sum + most(seconds), 0);
}
