import * as z from 'zod';
import type { Outputs } from '../model/outputs.ts';

/** One output as the API shows it, with the deployment that wrote it. A sensitive value is shown as null. */
export const OutputViewSchema = z.object({
  value: z.json(),
  sensitive: z.boolean(),
  deploymentId: z.string(),
});

/** The outputs of an environment as the API shows them. */
export const OutputsViewSchema = z
  .object({
    application: z.string(),
    environment: z.string(),
    /** The deployment that wrote the outputs, and when; null before the first one. */
    deploymentId: z.string().nullable(),
    at: z.string().nullable(),
    outputs: z.record(z.string(), OutputViewSchema),
    /** Outputs that were too large to keep. */
    dropped: z.array(z.string()),
  })
  .meta({ id: 'Outputs' });

export const showOutputs = (outputs: Outputs | undefined): z.input<typeof OutputsViewSchema>['outputs'] =>
  Object.fromEntries(
    Object.entries(outputs?.values ?? {}).map(([name, { value, sensitive }]) => [
      name,
      { value: sensitive ? null : value, sensitive, deploymentId: outputs?.deploymentId ?? '' },
    ]),
  );
