import { RUNS_PREFIX } from '../contract/run-objects.ts';
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
