const LONGEST_PAUSE_SECONDS = 2 * 3600;
const SHORTEST_PAUSE_SECONDS = 5 * 60;

/**
 * Returns the seconds until the next look whether applies are still banned: an eighth of the time that the plan has
 * waited. With the longest pause, a wait of 127 days is 1,600 looks with 9 events each, which fits into the 25,000
 * events of an execution.
 * Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export function pauseAfter(since: string, now: string): number {
  const waited = (Date.parse(now) - Date.parse(since)) / 1000;
  return Math.round(Math.min(LONGEST_PAUSE_SECONDS, Math.max(SHORTEST_PAUSE_SECONDS, waited / 8)));
}
