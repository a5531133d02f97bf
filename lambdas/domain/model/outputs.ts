import * as z from 'zod';
import { ApplicationNameSchema, DeploymentIdSchema, EnvironmentNameSchema, InstantSchema } from '../names.ts';

/** Most bytes of all output values in the table. Larger values belong in a parameter store of the team. */
const MOST_BYTES = 200_000;

/** Output of `terraform output -json`. */
export const TerraformOutputsSchema = z.record(
  z.string(),
  z.object({ sensitive: z.boolean(), value: z.json(), type: z.json().optional() }),
);

/** Outputs of an environment as they may be shown. A sensitive value is null, whoever asks. */
export const OutputsSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  deploymentId: DeploymentIdSchema,
  at: InstantSchema,
  values: z.record(z.string(), z.object({ value: z.json(), sensitive: z.boolean() })),
  /** Names whose values were too large to keep. */
  dropped: z.array(z.string()),
});
export type Outputs = z.infer<typeof OutputsSchema>;

/** Masks sensitive values. Leaves out values that do not fit, the largest first, and lists their names in `dropped`. */
export function presentableOutputs(
  outputs: z.infer<typeof TerraformOutputsSchema>,
): Pick<Outputs, 'values' | 'dropped'> {
  const entries = Object.entries(outputs)
    .map(([name, { sensitive, value }]) => [name, { value: sensitive ? null : value, sensitive }] as const)
    .map((entry) => ({ entry, bytes: Buffer.byteLength(JSON.stringify(entry)) }))
    .sort((one, other) => one.bytes - other.bytes);
  const kept: Outputs['values'] = {};
  const dropped: string[] = [];
  let total = 0;
  for (const { entry, bytes } of entries) {
    total += bytes;
    if (total <= MOST_BYTES) kept[entry[0]] = entry[1];
    else dropped.push(entry[0]);
  }
  return { values: kept, dropped };
}
