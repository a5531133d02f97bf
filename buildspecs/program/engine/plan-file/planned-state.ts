import type { StateHead } from '../../../../lambdas/domain/contract/state-head.ts';
import { PlanFileError } from './plan-file-error.ts';

/**
 * Serial and lineage of the state a plan was made for; null when there was none yet, and when the file cannot be read,
 * as when it is encrypted: here nobody judges it.
 */
export async function readPlannedState(plan: Buffer): Promise<StateHead | null> {
  // Only the end of a build needs them.
  const [{ openPlanArchive }, { readStateHead }] = await Promise.all([
    import('./plan-archive.ts'),
    import('../state-head.ts'),
  ]);
  try {
    return readStateHead(await openPlanArchive(plan));
  } catch (error) {
    if (error instanceof PlanFileError) return null;
    throw error;
  }
}
