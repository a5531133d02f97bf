import * as z from 'zod';
import { DeploymentIdSchema, InstantSchema } from '../../names.ts';
import { RequesterSchema } from '../deployment.ts';

/** One rule that staff has lifted for one use, with a reason. */
export const LiftSchema = z.object({
  reason: z.string(),
  /** Address of a call of the module; present in a lift of proof that is for a module. */
  call: z.string().optional(),
  by: RequesterSchema,
  at: InstantSchema,
  /** Time from which it can no longer be used; absent for a lift that stays until it is used. */
  expiresAt: InstantSchema.optional(),
  /** The one deployment whose plan has used the lift. */
  usedBy: z.object({ deploymentId: DeploymentIdSchema, at: InstantSchema }).optional(),
});
export type Lift = z.infer<typeof LiftSchema>;

/**
 * For what a lift is looked at. Lifts outlive the environment that they were given for, but do not count for a new
 * environment with the same name.
 */
export interface LiftUse {
  /** Time at which the environment was created. */
  readonly createdAt: string;
  readonly now: string;
}

/** Returns the lift that may still be used, of all that were ever given for one thing. */
export const activeLift = (lifts: readonly Lift[] | undefined, { createdAt, now }: LiftUse): Lift | undefined =>
  lifts?.find(
    ({ usedBy, at, expiresAt }) => !usedBy && at >= createdAt && (expiresAt === undefined || now < expiresAt),
  );

/**
 * Makes a lift usable again that a deployment had used without anything being applied, unless there is another usable
 * one.
 */
export function returnLift(lifts: readonly Lift[], deploymentId: string, use: LiftUse): Lift[] {
  if (activeLift(lifts, use)) return [...lifts];
  const last = lifts.findLastIndex(({ usedBy }) => usedBy?.deploymentId === deploymentId);
  return lifts.map(({ usedBy, ...lift }, index) => (index === last || !usedBy ? lift : { ...lift, usedBy }));
}

/** Marks the active lift as used up by a deployment. Returns undefined when there is none to use. */
export function useLift(lifts: readonly Lift[] | undefined, deploymentId: string, use: LiftUse): Lift[] | undefined {
  const active = activeLift(lifts, use);
  return active && lifts?.map((lift) => (lift === active ? { ...lift, usedBy: { deploymentId, at: use.now } } : lift));
}
