import type { ApplicationNow } from '../reading/read-application.ts';

/**
 * Returns the release that somebody would promote to the environment at this place next: the newest of the listed ones
 * that has succeeded in the environment before, if nothing as new is here or on its way. The API decides whether it may.
 */
export function promotable(
  { lanes, releases }: Pick<ApplicationNow, 'lanes' | 'releases'>,
  at: number,
): number | undefined {
  const before = lanes[at - 1]?.name;
  const lane = lanes[at];
  const newest = releases.find(({ succeededIn }) => succeededIn.some(({ environment }) => environment === before));
  if (!newest || !lane?.environment) return undefined;
  const { deployed, current } = lane.environment;
  const isHere = [deployed, current, ...lane.queued].some((each) => (each?.release ?? 0) >= newest.number);
  return isHere ? undefined : newest.number;
}
