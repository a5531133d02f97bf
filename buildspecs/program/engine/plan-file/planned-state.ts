import type { PlannedHead } from '../../../../lambdas/domain/contract/state-head.ts';
import { PlanFileError } from './plan-file-error.ts';

/**
 * Returns serial and lineage of the state for which a plan was made, or null if there was none yet. A file that is
 * encrypted or cannot be read is named as such, and not judged: the inspection and the engine do that.
 */
export async function readPlannedState(plan: Buffer): Promise<PlannedHead> {
  // Loaded only here, because only the end of a build needs them.
  const [{ openPlanArchive }, { readStateHead }] = await Promise.all([
    import('./plan-archive.ts'),
    import('../state-head.ts'),
  ]);
  try {
    return readStateHead(await openPlanArchive(plan));
  } catch (error) {
    if (error instanceof PlanFileError) return error.reason === 'plan-encrypted' ? 'encrypted' : 'unreadable';
    throw error;
  }
}
