import * as z from 'zod';
import { textsOf } from './redact.ts';

const RecordSchema = z.record(z.string(), z.unknown());

/** Returns the texts that a mask of the plan covers (`after_sensitive`, which has `true` at sensitive leaves). */
function maskedTexts(value: unknown, mask: unknown): string[] {
  if (mask === true) return textsOf(value);
  if (Array.isArray(mask))
    return mask.flatMap((part, index) => maskedTexts(Array.isArray(value) ? value[index] : undefined, part));
  if (typeof mask !== 'object' || mask === null) return [];
  const fields = RecordSchema.safeParse(value).data ?? {};
  return Object.entries(mask).flatMap(([name, part]) => maskedTexts(fields[name], part));
}

/** A change. A value that is known only after the apply is absent, and all other fields may be absent, too. */
const ChangeSchema = z.object({
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
});
const PlanSchema = z.object({
  variables: z.record(z.string(), z.object({ value: z.unknown().optional() })).default({}),
  configuration: z
    .object({
      root_module: z
        .object({ variables: z.record(z.string(), z.object({ sensitive: z.boolean().optional() })).default({}) })
        .optional(),
    })
    .optional(),
  resource_changes: z.array(z.object({ change: ChangeSchema })).default([]),
  output_changes: z.record(z.string(), ChangeSchema).default({}),
});

/** Returns the sensitive values in a plan as `show -json` prints it. */
export function secretsOfPlan(planJson: unknown): string[] {
  const plan = PlanSchema.parse(planJson);
  const declared = plan.configuration?.root_module?.variables ?? {};
  const changes = [...plan.resource_changes.map(({ change }) => change), ...Object.values(plan.output_changes)];
  return [
    ...Object.entries(plan.variables).flatMap(([name, { value }]) => (declared[name]?.sensitive ? textsOf(value) : [])),
    ...changes.flatMap((change) => [
      ...maskedTexts(change.before, change.before_sensitive),
      ...maskedTexts(change.after, change.after_sensitive),
    ]),
  ];
}
