import * as z from 'zod';

/**
 * A state as the backend stores it and `state pull` prints it. The list of resources is required: an encrypted state
 * and states of old engines do not have it here, and would count as empty.
 */
const ResourcesSchema = z.object({
  version: z.literal(4),
  resources: z.array(z.object({ mode: z.string(), instances: z.array(z.unknown()) })),
});

/** Counts the managed resources in a state, deposed ones included. Returns undefined when they cannot be counted. */
export function countManaged(state: unknown): number | undefined {
  const parsed = ResourcesSchema.safeParse(state);
  if (!parsed.success) return undefined;
  return parsed.data.resources
    .filter(({ mode }) => mode === 'managed')
    .reduce((sum, { instances }) => sum + instances.length, 0);
}
