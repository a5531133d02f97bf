import * as z from 'zod';
import { type StateHead, StateHeadSchema } from '../../../lambdas/domain/contract/state-head.ts';
import type { PlanArchive } from './plan-file/plan-archive.ts';
import { parseEntry } from './plan-file/plan-entry.ts';

const FIELDS: readonly string[] = Object.keys(StateHeadSchema.shape);

/** Returns whether the engine would take a key for a field: it ignores upper and lower case (`Serial`). */
const isTakenForOne = (key: string) => !FIELDS.includes(key) && FIELDS.includes(key.toUpperCase().toLowerCase());

const State = z
  .unknown()
  .refine((state) => typeof state !== 'object' || !Object.keys(state ?? {}).some(isTakenForOne))
  .pipe(StateHeadSchema);
const MOST_STATE_BYTES = 64 * 1024 * 1024;

/** Returns serial and lineage of the state for which a plan was made, or null if there was none yet. */
export function readStateHead(archive: PlanArchive): StateHead | null {
  const { serial, lineage } = parseEntry(archive, 'tfstate', State, MOST_STATE_BYTES);
  return lineage === '' ? null : { serial, lineage };
}
