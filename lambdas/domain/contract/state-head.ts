import * as z from 'zod';

/** What tells one version of a state from another; a state that does not exist yet has none. */
export const StateHeadSchema = z.object({ serial: z.int(), lineage: z.string() });
export type StateHead = z.infer<typeof StateHeadSchema>;
