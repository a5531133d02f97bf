import * as z from 'zod';
import { ApplicationNameSchema, DeploymentIdSchema, EnvironmentNameSchema, InstantSchema } from '../names.ts';
import { RequesterSchema } from './deployment.ts';

/** Body of `POST …/protection-lifts`: a resource address of a plan, or the environment's own name for its destruction. */
export const ProtectionLiftRequestSchema = z.strictObject({
  /** Fits into a DynamoDB sort key of 1,024 bytes. */
  address: z
    .string()
    .min(1)
    .refine((address) => Buffer.byteLength(address) <= 1000, { error: 'at most 1000 bytes' }),
  reason: z.string().min(10).max(1000),
});

export const ProtectionLiftSchema = z.object({
  reason: z.string(),
  by: RequesterSchema,
  at: InstantSchema,
  /** The one deployment whose plan has used the lift. */
  usedBy: z.object({ deploymentId: DeploymentIdSchema, at: InstantSchema }).optional(),
});
export type ProtectionLift = z.infer<typeof ProtectionLiftSchema>;

/**
 * All lifts ever given for one address of an environment, the oldest first. At most one of them can be used (rule 7).
 */
export const ProtectionLiftsSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  address: z.string(),
  lifts: z.array(ProtectionLiftSchema),
});
export type ProtectionLifts = z.infer<typeof ProtectionLiftsSchema>;

/**
 * When an environment was created. Lifts outlive the environment that they were given for, but do not count for a new
 * environment with the same name.
 */
interface Born {
  readonly createdAt: string;
}

/** Returns the lift of an environment that may still be used. */
export const activeLift = (lifts: ProtectionLifts | undefined, { createdAt }: Born): ProtectionLift | undefined =>
  lifts?.lifts.find(({ usedBy, at }) => !usedBy && at >= createdAt);

/**
 * Makes a lift usable again that a deployment had used without anything being applied, unless there is another usable
 * one.
 */
export function returnLift(lifts: ProtectionLifts, deploymentId: string, environment: Born): ProtectionLifts {
  if (activeLift(lifts, environment)) return lifts;
  const last = lifts.lifts.findLastIndex(({ usedBy }) => usedBy?.deploymentId === deploymentId);
  return {
    ...lifts,
    lifts: lifts.lifts.map(({ usedBy, ...lift }, index) => (index === last || !usedBy ? lift : { ...lift, usedBy })),
  };
}

/** Marks the active lift as used up by a deployment. Returns undefined when there is none to use. */
export function useLift(
  lifts: ProtectionLifts | undefined,
  deploymentId: string,
  at: string,
  environment: Born,
): ProtectionLifts | undefined {
  const active = activeLift(lifts, environment);
  if (!lifts || !active) return undefined;
  return {
    ...lifts,
    lifts: lifts.lifts.map((lift) => (lift === active ? { ...lift, usedBy: { deploymentId, at } } : lift)),
  };
}
