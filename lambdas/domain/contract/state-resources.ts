import * as z from 'zod';

/**
 * A state as the backend keeps it and `state pull` prints it. Nothing is assumed: an encrypted state and those of old
 * engines have no list in this place, and would count as empty.
 */
const ResourcesSchema = z.object({
  version: z.literal(4),
  resources: z.array(z.object({ mode: z.string(), instances: z.array(z.unknown()) })),
});

/** Managed resources in a state, deposed ones included; undefined where they cannot be counted. */
export function countManaged(state: unknown): number | undefined {
  const parsed = ResourcesSchema.safeParse(state);
  if (!parsed.success) return undefined;
  return parsed.data.resources
    .filter(({ mode }) => mode === 'managed')
    .reduce((sum, { instances }) => sum + instances.length, 0);
}
