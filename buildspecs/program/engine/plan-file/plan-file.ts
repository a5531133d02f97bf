import type { StateHead } from '../../../../lambdas/domain/contract/state-head.ts';
import { LOCK_FILE } from '../../configuration/engine-files.ts';
import { readStateHead } from '../state-head.ts';
import { type PlannedConfiguration, readConfigurationSnapshot } from './configuration-snapshot.ts';
import { openPlanArchive } from './plan-archive.ts';
import { readEntry, readTextEntry } from './plan-entry.ts';
import { PlanFileError } from './plan-file-error.ts';
import { type PlanMessage, readPlanMessage } from './plan-message.ts';

/** What can be read of a saved plan without the engine. */
export interface PlanFile extends PlanMessage {
  /** The state for which the plan was made; null if there was none yet. */
  readonly state: StateHead | null;
  readonly configuration: PlannedConfiguration;
  /** The lock file with which the plan was made, as the engine writes it. */
  readonly lockFile: string | undefined;
}

/** Reads a saved plan, whoever made it. For any bytes, it returns a plan or throws a `PlanFileError`. */
export async function readPlanFile(bytes: Buffer): Promise<PlanFile> {
  try {
    const archive = await openPlanArchive(bytes);
    return {
      ...readPlanMessage(readEntry(archive, 'tfplan')),
      state: readStateHead(archive),
      configuration: readConfigurationSnapshot(archive),
      lockFile: archive.has(LOCK_FILE) ? readTextEntry(archive, LOCK_FILE) : undefined,
    };
  } catch (cause) {
    if (cause instanceof PlanFileError) throw cause;
    throw new PlanFileError('the plan file cannot be read', { cause });
  }
}
