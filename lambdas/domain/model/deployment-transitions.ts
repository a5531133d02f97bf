import type { Applied } from '../contract/applied.ts';
import type { EndingError, Unsuccessful } from '../endings.ts';
import {
  canBecome,
  type Deployment,
  type DeploymentIn,
  type Planned,
  plannedOf,
  type Staleness,
  type Status,
} from './deployment.ts';

/** Returns the facts of a deployment without those that belong to its status. */
function factsOf(deployment: Deployment) {
  const { id, application, environment, number, release, commit, operation, adopt } = deployment;
  const { automatic, requestedBy, createdAt, runSecret, treeOf, round, attempt, cancelRequestedBy, blocking } =
    deployment;
  return {
    id,
    application,
    environment,
    number,
    commit,
    operation,
    automatic,
    requestedBy,
    createdAt,
    runSecret,
    round,
    ...(release !== undefined && { release }),
    ...(adopt && { adopt }),
    ...(treeOf && { treeOf }),
    ...(attempt && { attempt }),
    ...(cancelRequestedBy && { cancelRequestedBy }),
    ...(blocking && { blocking }),
  };
}

function requireTransition(deployment: Deployment, to: Status): void {
  if (!canBecome(deployment.status, to))
    throw new Error(`deployment "${deployment.id}" is ${deployment.status} and cannot become ${to}`);
}

/** Lets a queued deployment begin to plan, because it holds the environment now. */
export function startPlanning(deployment: Deployment, now: string): DeploymentIn<'planning'> {
  requireTransition(deployment, 'planning');
  const planned = plannedOf(deployment);
  return { ...factsOf(deployment), status: 'planning', heldSince: now, ...(planned && { planned }) };
}

/** Adds the analysed plan. The status changes when a gate opens or the plan is consumed. */
export function withPlan(deployment: DeploymentIn<'planning'>, planned: Planned): DeploymentIn<'planning'> {
  return { ...factsOf(deployment), status: 'planning', heldSince: deployment.heldSince, planned };
}

/**
 * Begins the next round, because the plan has gone stale. The old plan stays, to be compared with the new one. A plan
 * that needed no approval goes stale in the status `planning`, if it had to wait.
 */
export function planAgain(
  deployment: DeploymentIn<'planning' | 'awaiting_approval' | 'applying'>,
  planned: Planned,
  stale: Staleness,
): DeploymentIn<'planning'> {
  if (deployment.status !== 'planning') requireTransition(deployment, 'planning');
  const { heldSince, round } = deployment;
  return { ...factsOf(deployment), round: round + 1, status: 'planning', heldSince, planned, stale };
}

export function startAwaitingApproval(
  deployment: DeploymentIn<'planning'>,
  planned: Planned,
): DeploymentIn<'awaiting_approval'> {
  requireTransition(deployment, 'awaiting_approval');
  return { ...factsOf(deployment), status: 'awaiting_approval', heldSince: deployment.heldSince, planned };
}

export function startApplying(
  deployment: DeploymentIn<'planning' | 'awaiting_approval'>,
  planned: Planned,
  now: string,
): DeploymentIn<'applying'> {
  requireTransition(deployment, 'applying');
  return { ...factsOf(deployment), status: 'applying', heldSince: deployment.heldSince, planned, consumedAt: now };
}

export function succeed(deployment: Deployment, now: string): DeploymentIn<'succeeded'> {
  requireTransition(deployment, 'succeeded');
  const planned = plannedOf(deployment);
  if (!planned) throw new Error(`deployment "${deployment.id}" has no plan and cannot have succeeded`);
  if (planned.hasChanges && deployment.status !== 'applying')
    throw new Error(
      `deployment "${deployment.id}" has planned changes that were not applied and cannot have succeeded`,
    );
  return { ...factsOf(deployment), status: 'succeeded', endedAt: now, planned };
}

/** Ends a deployment other than by success or failure. */
export function endUnsuccessfully(
  deployment: Deployment,
  status: Unsuccessful,
  error: EndingError,
  now: string,
): DeploymentIn<Unsuccessful> {
  requireTransition(deployment, status);
  const planned = plannedOf(deployment);
  return { ...factsOf(deployment), status, endedAt: now, error, ...(planned && { planned }) };
}

export function fail(
  deployment: Deployment,
  error: EndingError,
  applied: Applied,
  now: string,
): DeploymentIn<'failed'> {
  requireTransition(deployment, 'failed');
  const planned = plannedOf(deployment);
  return { ...factsOf(deployment), status: 'failed', endedAt: now, error, applied, ...(planned && { planned }) };
}
