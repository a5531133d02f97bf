/** The shortest and the longest pause between two looks of a waiting execution, in seconds. */
export interface Pauses {
  readonly shortest: number;
  readonly longest: number;
}

/** How long a plan waits between two looks whether applies are still banned. */
export const PAUSES_OF_BAN: Pauses = { shortest: 5 * 60, longest: 2 * 3600 };
/** How long an execution waits between two looks whether an apply has ended that it lost sight of. */
export const PAUSES_OF_APPLY: Pauses = { shortest: 60, longest: 600 };

/**
 * Returns the seconds until the next look: an eighth of the time that was waited. Every look adds 9 events to the history
 * of an execution, which has room for 25,000.
 * Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export function pauseAfter(since: string, now: string, { shortest, longest }: Pauses): number {
  const waited = (Date.parse(now) - Date.parse(since)) / 1000;
  return Math.round(Math.min(longest, Math.max(shortest, waited / 8)));
}
