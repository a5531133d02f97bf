import type { StateHead } from '../../../../lambdas/domain/contract/state-head.ts';
import { PlanFileError } from './plan-file-error.ts';

/**
 * Returns serial and lineage of the state for which a plan was made. Returns null if there was none yet, and if the
 * file cannot be read, for example because it is encrypted: this function does not judge the file.
 */
export async function readPlannedState(plan: Buffer): Promise<StateHead | null> {
  // Loaded only here, because only the end of a build needs them.
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
