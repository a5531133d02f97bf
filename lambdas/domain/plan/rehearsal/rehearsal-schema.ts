import * as z from 'zod';

/**
 * What a plan does to a resource, as far as rehearsals tell it apart; those that destroy come first. A replacement that
 * leaves the old object alone, and the end of a deposed object, are rehearsed only by their like.
 */
export const REHEARSAL_ACTIONS = [
  'delete',
  'replace',
  'delete-deposed',
  'replace-and-forget',
  'forget',
  'unknown',
  'update',
  'create',
] as const;
const ActionSchema = z.enum(REHEARSAL_ACTIONS);
export type RehearsalAction = z.infer<typeof ActionSchema>;

/** Addresses by what a plan does to them. */
export const ChangeSetSchema = z.object({
  /** Whether the addresses have their indexes. They are left out of a set that would be too large with them. */
  hasIndexes: z.boolean(),
  actions: z.array(z.object({ action: ActionSchema, addresses: z.array(z.string()) })),
});
export type ChangeSet = z.infer<typeof ChangeSetSchema>;

const Count = z.int().min(0);

/** How many of a plan's changes were made before in the environment before, when the plan was made. */
export const RehearsalSchema = z.object({
  /** The environment whose applies were looked at. */
  environment: z.string(),
  rehearsed: Count,
  of: Count,
  /** How many of those rehearsed are known from failed applies only, so that nobody knows whether they were made. */
  partly: Count,
  /** Whether it is known what every apply did that counts. */
  appliesKnown: z.boolean(),
  /** The first of the changes that were not rehearsed; those that destroy come first. */
  unrehearsed: z.array(z.object({ address: z.string(), action: ActionSchema, why: z.string() })),
  /** How many more were not rehearsed. */
  moreUnrehearsed: Count,
  /** The first of the changes that count as rehearsed with a note. */
  noted: z.array(z.object({ address: z.string(), action: ActionSchema, note: z.string() })),
  moreNoted: Count,
});
export type Rehearsal = z.infer<typeof RehearsalSchema>;
