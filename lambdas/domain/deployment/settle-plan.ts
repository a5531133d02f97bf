import * as z from 'zod';
import { carryApprovals } from '../approval/carry-approvals.ts';
import { isBeingRemoved } from '../build/inspection.ts';
import type { ResourcesLeft } from '../build/resources-left.ts';
import type { PlanSuccess } from '../contract/build-result.ts';
import type { EndingError } from '../endings.ts';
import { type Deployment, type Planned, plannedOf } from '../model/deployment.ts';
import { withPlan } from '../model/deployment-transitions.ts';
import type { Environment } from '../model/environment.ts';
import {
  type EnvironmentState,
  withClaimedResources,
  withResources,
  withUnknownResources,
} from '../model/environment-state.ts';
import { GATES } from '../policy.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { loadHeld } from '../transaction/load-held.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { claimStateAddress } from './claim-state-address.ts';
import { objectionTo } from './objection.ts';

/** What the state machine does next, and the gates that the plan still has to pass. */
export const PlanVerdictSchema = z.object({
  /** `inspect`: the plan's contents decide something, so a build that runs no code of the repository reads it first. */
  next: z.enum(['inspect', 'blocked', 'no-changes', 'gates', 'apply', 'canceled']),
  gates: z.array(z.enum(GATES)),
});
export type PlanVerdict = z.infer<typeof PlanVerdictSchema>;

/** The number of resources in the Terraform state. */
interface Resources {
  /** Counted in the plan. */
  readonly claimed: number;
  /** Counted in the state itself, if a decision depends on the count. */
  readonly inState?: ResourcesLeft;
}

/** The facts of a plan: those that are recorded, and others that decide what comes next. */
export interface FoundPlan {
  readonly planned: Planned;
  readonly backend: PlanSuccess['backend'];
  readonly resources: Resources;
  readonly blocked: EndingError | undefined;
}

export const ANALYSING = 'analysing the plan of';

/**
 * Claims the state address (rule 6), records the plan and what blocks it, and returns the next step.
 * Throws NotHolderError.
 */
export async function settlePlan(
  transaction: Transaction,
  id: string,
  { planned, backend, resources, blocked }: FoundPlan,
  surroundings: Surroundings,
): Promise<PlanVerdict> {
  const { deployment, environment: target, state } = await loadHeld(transaction, id, ANALYSING, ['planning']);
  const claimRefusal = await claimStateAddress(transaction, target, backend, surroundings);
  if (!claimRefusal) transaction.put('environmentState', withSeen(state, resources, id, surroundings.now()));
  const { inState } = resources;
  if (inState && 'unreadable' in inState)
    recordEvent(transaction, surroundings, id, 'state-unreadable', undefined, { message: inState.unreadable });
  const blocking =
    claimRefusal ??
    objectionToRemoving(target, resources) ??
    blocked ??
    // ConsumePlan makes the last checks of a plan with changes. For a plan without changes, this is the last check.
    (planned.hasChanges ? undefined : await objectionTo(transaction, deployment));
  const analysed = withPlan(deployment, planned);
  transaction.put('deployment', blocking ? { ...analysed, blocking } : analysed);
  if (!isRecorded(deployment, planned, blocking))
    recordEvent(transaction, surroundings, id, blocking ? 'blocked' : 'planned', undefined, {
      digest: planned.digest,
      ...(blocking && { reason: blocking.reason }),
    });
  if (deployment.cancelRequestedBy) return { next: 'canceled', gates: [] };
  if (blocking) return { next: 'blocked', gates: [] };
  if (!planned.hasChanges && !isForgetting(target, resources)) return { next: 'no-changes', gates: [] };
  const gates = await carryApprovals(transaction, analysed, planned, surroundings);
  return { next: gates.length > 0 ? 'gates' : 'apply', gates };
}

/** Returns whether this verdict is recorded already: the answer to the transaction that did so was lost. */
function isRecorded(deployment: Deployment, { round, digest }: Planned, blocking: EndingError | undefined): boolean {
  const before = plannedOf(deployment);
  return before?.round === round && before.digest === digest && deployment.blocking?.reason === blocking?.reason;
}

function withSeen(state: EnvironmentState, { claimed, inState }: Resources, id: string, now: string): EnvironmentState {
  if (!inState) return withClaimedResources(state, claimed, id, now);
  return 'count' in inState ? withResources(state, inState.count, id, now) : withUnknownResources(state);
}

/** Objects to the removal of an environment as long as anything is left of it. */
function objectionToRemoving(target: Environment, { claimed, inState }: Resources): EndingError | undefined {
  if (!isBeingRemoved(target)) return undefined;
  if (inState && 'unreadable' in inState)
    return {
      reason: 'state-unreadable',
      message: `nobody knows what is left of ${target.name}: ${inState.unreadable}`,
    };
  const count = inState?.count ?? claimed;
  if (count === 0) return undefined;
  const message = `its Terraform state still holds ${count} resource(s); destroy ${target.name} before removing it`;
  return { reason: 'state-not-empty', message };
}

/**
 * Returns whether a destruction finds none of the resources that the state still lists, because somebody else has
 * deleted them. Its plan has no changes, but must be applied to remove them from the state: no other deployment would.
 */
const isForgetting = (target: Environment, { inState }: Resources): boolean =>
  !isBeingRemoved(target) && inState !== undefined && 'count' in inState && inState.count > 0;
