import { NotHolderError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import type { Deployment, DeploymentIn, Status } from '../model/deployment.ts';
import type { Environment } from '../model/environment.ts';
import type { EnvironmentState } from '../model/environment-state.ts';
import type { Reader } from '../ports.ts';

/** A deployment with its application and the environment that it holds. */
export interface Held<S extends Status = Status> {
  readonly application: Application;
  readonly environment: Environment;
  readonly state: EnvironmentState;
  readonly deployment: DeploymentIn<S>;
}

/**
 * Reads the deployment with its application and environment. Throws NotHolderError if the caller is too late: the
 * deployment is in another status or no longer holds the environment, or the environment was removed. `doing` is the
 * beginning of the error's message. `readMore` reads, at the same time, records that the caller needs next; the reader
 * remembers them.
 */
export async function loadHeld<S extends Status>(
  reader: Reader,
  id: string,
  doing: string,
  statuses: readonly S[],
  readMore?: (deployment: Deployment) => Promise<unknown>,
): Promise<Held<S>> {
  const deployment = await reader.get('deployment', { id });
  if (!deployment) throw new NotHolderError(`${doing} "${id}": there is no such deployment`);
  const { application: name, environment: target } = deployment;
  const [state, application, environment] = await Promise.all([
    reader.get('environmentState', { application: name, environment: target }),
    reader.get('application', { name }),
    reader.get('environment', { application: name, name: target }),
    readMore?.(deployment),
  ]);
  if (state?.holder?.deploymentId !== id || !isIn(deployment, statuses))
    throw new NotHolderError(
      `${doing} "${id}": it is ${deployment.status}, the holder is ${state?.holder?.deploymentId ?? 'nobody'}`,
    );
  if (!application || !environment) throw new NotHolderError(`${doing} "${id}": its environment was removed`);
  return { application, environment, state, deployment };
}

/** Reads only the deployment. Throws NotHolderError unless it is in one of these statuses. */
export async function loadDeployment<S extends Status>(
  reader: Reader,
  id: string,
  doing: string,
  statuses: readonly S[],
): Promise<DeploymentIn<S>> {
  const deployment = await reader.get('deployment', { id });
  if (!deployment || !isIn(deployment, statuses))
    throw new NotHolderError(`${doing} "${id}": it is ${deployment?.status ?? 'absent'}`);
  return deployment;
}

const isIn = <S extends Status>(deployment: Deployment, statuses: readonly S[]): deployment is DeploymentIn<S> =>
  statuses.some((status) => status === deployment.status);
