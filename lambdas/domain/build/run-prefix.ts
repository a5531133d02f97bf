import { RUN_OBJECTS, RUNS_PREFIX } from '../contract/run-objects.ts';
import type { Deployment } from '../model/deployment.ts';

type Run = Pick<Deployment, 'id' | 'runSecret' | 'round' | 'attempt'>;

/** Returns where the builds of a round leave what they make of its plan. */
export const runPrefix = ({ id, runSecret, round }: Run): string => `${RUNS_PREFIX}${id}/${runSecret}/${round}/`;

/**
 * Returns where the one apply of an attempt leaves its artifacts. A build of an earlier attempt that comes late cannot
 * take the place of the present one.
 */
export const applyPrefix = (run: Run): string =>
  run.attempt === undefined ? runPrefix(run) : `${runPrefix(run)}attempt-${run.attempt}/`;

const STARTED_APPLY = new RegExp(
  `^${RUNS_PREFIX}([^/]+)/[^/]+/(\\d+)/(?:attempt-(\\d+)/)?${RUN_OBJECTS.applyStarted.replace('.', '\\.')}$`,
);

/** Returns which apply has left this object as the sign that it has begun; undefined if it is another object. */
export function startedApplyOf(
  key: string,
): { readonly deploymentId: string; readonly round: number; readonly attempt: number } | undefined {
  const [, deploymentId, round, attempt = 1] = STARTED_APPLY.exec(key) ?? [];
  return deploymentId === undefined ? undefined : { deploymentId, round: Number(round), attempt: Number(attempt) };
}
