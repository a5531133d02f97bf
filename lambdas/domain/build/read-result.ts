import type * as z from 'zod';
import { type RunObject, runObjectKey } from '../contract/run-objects.ts';
import { BuildResultError } from '../errors.ts';
import type { ArtifactStore } from '../ports.ts';

/** Most bytes of a result; a larger result is not read. */
const MOST_BYTES = 1024 * 1024;

/**
 * Reads the result that a build left. Code of the repository ran in that build, so contents that do not fit, or that
 * are far too large, are returned as a problem and never thrown.
 */
export async function readResult<Schema extends z.ZodType>(
  artifacts: ArtifactStore,
  prefix: string,
  object: RunObject,
  schema: Schema,
): Promise<{ readonly isThere: boolean; readonly result?: z.output<Schema>; readonly problem?: string }> {
  const problem = `what the build left as ${runObjectKey('', object)} cannot be read`;
  try {
    const found = await artifacts.getJson(runObjectKey(prefix, object), undefined, MOST_BYTES);
    if (!found) return { isThere: false };
    const parsed = schema.safeParse(found.value);
    return { isThere: true, ...(parsed.success ? { result: parsed.data } : { problem }) };
  } catch (error) {
    if (error instanceof BuildResultError) return { isThere: true, problem };
    throw error;
  }
}
