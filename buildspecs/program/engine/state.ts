import * as z from 'zod';

/** A state as the backend keeps it and `state pull` prints it. A state that was never written is empty. */
const OutputsSchema = z.object({
  outputs: z
    .record(z.string(), z.object({ value: z.unknown(), type: z.unknown(), sensitive: z.boolean().default(false) }))
    .default({}),
});

/** Returns the outputs in a state, in the form of `output -json`. Throws if they cannot be read. */
export const outputsOf = (state: unknown): z.output<typeof OutputsSchema>['outputs'] =>
  OutputsSchema.parse(state).outputs;
