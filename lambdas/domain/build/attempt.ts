import { BuildNotStartedError } from '../errors.ts';
import type { Deployment, DeploymentIn } from '../model/deployment.ts';

/**
 * Most attempts to start the builds of one deployment, in all its rounds. Each attempt takes five minutes or more, so
 * that they bridge an hour and a quarter in which CodeBuild does not answer.
 */
export const MOST_ATTEMPTS = 15;

type Attempted = Pick<Deployment, 'attempt'>;

export const attemptOf = ({ attempt = 1 }: Attempted): number => attempt;

export const mayTryAgain = (deployment: Attempted): boolean => attemptOf(deployment) < MOST_ATTEMPTS;

/**
 * Begins the next attempt to plan. Its builds have another run, so that a build of the attempt before, which may still
 * come, meets none of their objects. Throws BuildNotStartedError after the last attempt, and if somebody wants to cancel
 * the deployment meanwhile.
 */
export function planAnew(deployment: DeploymentIn<'planning'>, runSecret: string): DeploymentIn<'planning'> {
  if (deployment.cancelRequestedBy) throw new BuildNotStartedError(`"${deployment.id}" is canceled before its plan`);
  if (!mayTryAgain(deployment))
    throw new BuildNotStartedError(
      `CodeBuild did not start the build; "${deployment.id}" has used up its ${MOST_ATTEMPTS} attempts`,
    );
  return { ...deployment, attempt: attemptOf(deployment) + 1, runSecret };
}

/** Takes a deployment back to before its plan was consumed. */
export function withoutApply({
  consumedAt: _notUsed,
  ...deployment
}: DeploymentIn<'applying'>): DeploymentIn<'planning'> {
  return { ...deployment, status: 'planning', attempt: attemptOf(deployment) + 1 };
}
