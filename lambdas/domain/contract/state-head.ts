import * as z from 'zod';

/** Distinguishes one version of a state from another. A state that does not exist yet has no head. */
export const StateHeadSchema = z.object({ serial: z.int(), lineage: z.string() });
export type StateHead = z.infer<typeof StateHeadSchema>;
