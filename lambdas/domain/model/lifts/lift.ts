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

/**
 * Returns the lifts that may still be used, of all that were ever given for one thing, oldest first. There are several if
 * one was given while a deployment had used up another and then gave it back.
 */
export const activeLifts = (lifts: readonly Lift[] | undefined, { createdAt, now }: LiftUse): Lift[] =>
  (lifts ?? []).filter(
    ({ usedBy, at, expiresAt }) => !usedBy && at >= createdAt && (expiresAt === undefined || now < expiresAt),
  );

/** Returns the lift that is used next. */
export const activeLift = (lifts: readonly Lift[] | undefined, use: LiftUse): Lift | undefined =>
  activeLifts(lifts, use)[0];

/**
 * Makes the lift usable again that a deployment had used without anything being applied. Returns undefined when it had
 * used none.
 */
export function returnLift(lifts: readonly Lift[] | undefined, deploymentId: string): Lift[] | undefined {
  const used = lifts?.findLast(({ usedBy }) => usedBy?.deploymentId === deploymentId);
  if (!used) return undefined;
  const { usedBy: _used, ...returned } = used;
  return lifts?.map((lift) => (lift === used ? returned : lift));
}

/** Marks the active lift as used up by a deployment. Returns undefined when there is none to use. */
export function useLift(lifts: readonly Lift[] | undefined, deploymentId: string, use: LiftUse): Lift[] | undefined {
  const active = activeLift(lifts, use);
  return active && lifts?.map((lift) => (lift === active ? { ...lift, usedBy: { deploymentId, at: use.now } } : lift));
}
