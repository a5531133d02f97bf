import * as z from 'zod';

/** Share of an environment's objects that an ordinary plan may delete in a protected environment. */
export const MOST_DELETED_SHARE = 0.3;

/** What an application may tighten; nothing here loosens the rules. */
export const SafeguardSettingsSchema = z.strictObject({
  /** Kinds protected besides the reviewed list, for example `aws_cloudwatch_log_group`. */
  protectedTypes: z.array(z.string().min(1)).max(200).optional(),
  /** Addresses protected whatever their kind; `*` stands for any text. */
  protectedAddresses: z.array(z.string().min(1)).max(200).optional(),
  /** Share of the objects that one plan may delete, 0 to 0.3. */
  mostDeletedShare: z.number().min(0).max(MOST_DELETED_SHARE).optional(),
});
export type SafeguardSettings = z.infer<typeof SafeguardSettingsSchema>;

export const SAFEGUARD_RULES = [
  'plan-errored',
  'plan-incomplete',
  'plan-contradictory',
  'first-plan-creates',
  'adopts-or-leaves',
  'unknown-action',
  'environment-destroyed',
  'protected-kind',
  'protected-address',
  'too-many-deletions',
] as const;

export const ViolationSchema = z.object({
  /** The resource, or the environment's name for the plan or environment as a whole. */
  address: z.string(),
  rule: z.enum(SAFEGUARD_RULES),
  why: z.string(),
  /** Staff can lift it; the others only go away with another plan. */
  liftable: z.boolean(),
  /** The lifted address that covers it: its own or the environment's name. */
  liftedBy: z.string().nullable(),
});
export type Violation = z.infer<typeof ViolationSchema>;

export const SafeguardsSchema = z.object({
  /** `block`: this plan must not be applied as things stand. */
  verdict: z.enum(['allow', 'block']),
  violations: z.array(ViolationSchema),
  /** Lifted addresses this plan needs; the lifts are used up when it is consumed. */
  liftsUsed: z.array(z.string()),
  /** Only lifts let it through, so it passes both gates in whatever stage. */
  requiresBothGates: z.boolean(),
});
export type Safeguards = z.infer<typeof SafeguardsSchema>;
