import type { Lane } from '../reading/read-application.ts';

/**
 * Returns the release that somebody would promote to the environment at this place next: the one that runs in the
 * environment before, if it is newer and not on its way already. The API decides whether it may.
 */
export function promotable(lanes: readonly Lane[], at: number): number | undefined {
  const release = lanes[at - 1]?.environment?.deployed?.release;
  const environment = lanes[at]?.environment;
  if (release === undefined || !environment) return undefined;
  const { deployed, current, queued } = environment;
  const isHere = [deployed, current, queued].some((each) => (each?.release ?? 0) >= release);
  return isHere ? undefined : release;
}
