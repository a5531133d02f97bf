import * as z from 'zod';

/**
 * Most lifts of protection that one plan may use. The transaction before the apply uses them up together with lifts of
 * proof, and DynamoDB allows it 100 records.
 */
export const MOST_PROTECTION_LIFTS = 40;

/** Largest share of an environment's objects that an ordinary plan may delete in a protected environment. */
export const MOST_DELETED_SHARE = 0.3;

/** Settings with which an application can make the safeguards stricter, but never weaker. */
export const SafeguardSettingsSchema = z.strictObject({
  /** Kinds that are protected in addition to the reviewed list, for example `aws_cloudwatch_log_group`. */
  protectedTypes: z.array(z.string().min(1)).max(200).optional(),
  /** Addresses that are protected whatever their kind; `*` stands for any text. */
  protectedAddresses: z.array(z.string().min(1)).max(200).optional(),
  /** Largest share of the objects that one plan may delete, 0 to 0.3. */
  mostDeletedShare: z.number().min(0).max(MOST_DELETED_SHARE).optional(),
});
export type SafeguardSettings = z.infer<typeof SafeguardSettingsSchema>;

export const SAFEGUARD_RULES = [
  'plan-errored',
  'plan-incomplete',
  'plan-contradictory',
  'first-plan-creates',
  'adopts-or-leaves',
  'could-never-end',
  'unknown-action',
  'environment-destroyed',
  'protected-kind',
  'protected-address',
  'too-many-deletions',
] as const;

export const ViolationSchema = z.object({
  /** Address of the resource, or the environment's name when the violation is about the whole plan or environment. */
  address: z.string(),
  rule: z.enum(SAFEGUARD_RULES),
  why: z.string(),
  /** Whether staff can lift the protection. Other violations go away only with another plan. */
  liftable: z.boolean(),
  /** The lifted address that covers the violation: the violation's own address or the environment's name. */
  liftedBy: z.string().nullable(),
});
export type Violation = z.infer<typeof ViolationSchema>;

export const SafeguardsSchema = z.object({
  /** `block`: at present, this plan must not be applied. */
  verdict: z.enum(['allow', 'block']),
  violations: z.array(ViolationSchema),
  /** Lifted addresses that this plan needs. The lifts are used up when the plan is consumed. */
  liftsUsed: z.array(z.string()),
  /** Whether the plan depends on lifts. Such a plan has to pass both gates in every stage. */
  requiresBothGates: z.boolean(),
});
export type Safeguards = z.infer<typeof SafeguardsSchema>;
