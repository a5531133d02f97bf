import * as z from 'zod';
import { type StateHead, StateHeadSchema } from '../../../lambdas/domain/contract/state-head.ts';
import type { PlanArchive } from './plan-file/plan-archive.ts';
import { parseEntry } from './plan-file/plan-entry.ts';

const FIELDS: readonly string[] = Object.keys(StateHeadSchema.shape);

/** An engine does not care about upper and lower case: it would take a `Serial` for the serial. */
const isTakenForOne = (key: string) => !FIELDS.includes(key) && FIELDS.includes(key.toUpperCase().toLowerCase());

const State = z
  .unknown()
  .refine((state) => typeof state !== 'object' || !Object.keys(state ?? {}).some(isTakenForOne))
  .pipe(StateHeadSchema);
const MOST_STATE_BYTES = 64 * 1024 * 1024;

/** Serial and lineage of the state a plan was made for; null when there was none yet. */
export function readStateHead(archive: PlanArchive): StateHead | null {
  const { serial, lineage } = parseEntry(archive, 'tfstate', State, MOST_STATE_BYTES);
  return lineage === '' ? null : { serial, lineage };
}
