import * as z from 'zod';

/** Distinguishes one version of a state from another. A state that does not exist yet has no head. */
export const StateHeadSchema = z.object({ serial: z.int(), lineage: z.string() });
export type StateHead = z.infer<typeof StateHeadSchema>;

/** Why a plan does not show for which version of the state it was made: OpenTofu has encrypted it, or it is damaged. */
export const HiddenHeadSchema = z.enum(['encrypted', 'unreadable']);

/**
 * The version of the state for which a plan was made; null if there was no state yet. What the plan does not show is
 * neither: then only the engine can say whether the state has changed, and does so in the apply.
 */
export const PlannedHeadSchema = z.union([StateHeadSchema, HiddenHeadSchema]).nullable();
export type PlannedHead = z.infer<typeof PlannedHeadSchema>;

/** Returns whether a plan shows for which version of the state it was made. */
export const isShown = (head: PlannedHead): head is StateHead | null => typeof head !== 'string';
