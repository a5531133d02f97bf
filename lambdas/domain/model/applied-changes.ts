import * as z from 'zod';
import { ApplicationNameSchema, DeploymentIdSchema, EnvironmentNameSchema, ReleaseNumberSchema } from '../names.ts';
import { ChangeSetSchema } from '../plan/rehearsal/rehearsal-schema.ts';

/** What the newest plan of a deployment would change. */
export const PlannedChangesSchema = z.object({
  deploymentId: DeploymentIdSchema,
  /** Absent if there is too much to be kept. */
  changes: ChangeSetSchema.optional(),
});

/** What one apply has changed, kept for the newest applies of a regular environment. */
export const AppliedChangesSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  /** Number of the apply in its environment, in the order of applies. */
  order: z.int().min(1),
  deploymentId: DeploymentIdSchema,
  /** `partly`: it failed, and nobody knows which of its changes were made. */
  ending: z.enum(['whole', 'partly']),
  /** Absent if it is not known. */
  changes: ChangeSetSchema.optional(),
});
export type AppliedChanges = z.infer<typeof AppliedChangesSchema>;

/** Where a release first came to an environment in the order of applies. */
export const FirstApplySchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  release: ReleaseNumberSchema,
  /**
   * Number of its apply; if it had nothing to change, of the last apply before it. `rehearsedAfter` if the release first
   * came there before this was recorded.
   */
  order: z.int().min(0),
  /** `rehearsedAfter` of the environment then: another environment of the same name does not continue this record. */
  rehearsedAfter: z.int().min(0),
});

/** Most applies of an environment whose changes are kept. */
export const MOST_APPLIES = 200;

interface Counts {
  readonly newestStarted: number;
  readonly applies?: number | undefined;
}

/**
 * Returns the number of applies that have ended here. Where they were not counted from the beginning, all those before
 * count as one: nothing is kept of it, so that it is seen as an apply of which nobody knows what it did.
 */
export const appliesOf = ({ applies, newestStarted }: Counts): number => applies ?? (newestStarted > 0 ? 1 : 0);

/** Returns the fields with which no earlier apply rehearses anything any more. */
export function forgetRehearsals(state: Counts): { applies: number; rehearsedAfter: number } {
  const applies = appliesOf(state);
  return { applies, rehearsedAfter: applies };
}
