import { createDeployment, type Placement } from '../deployment/create-deployment.ts';
import { objectionToRequester } from '../deployment/place-deployment.ts';
import { orThrow, RefusedError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { type Deployment, isTerminal, type Requester } from '../model/deployment.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';
import { type EnvironmentState, emptyState } from '../model/environment-state.ts';
import type { Operation } from '../operation.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { NO_EFFECTS } from '../transaction/effects.ts';

interface Wish {
  readonly application: Application;
  readonly environment: EphemeralEnvironment;
  readonly commit: string;
  readonly operation: Extract<Operation, 'deploy' | 'destroy'>;
  readonly requestedBy: Requester;
  /** True if a push, the end of the environment (also on request) or the sweep made the deployment. */
  readonly automatic: boolean;
}

/**
 * Creates a deployment of a commit to an ephemeral environment, or its destruction. No pipeline rules apply; for a
 * deployment, the environment must be open. Runs inside the caller's transaction. Throws RefusedError.
 */
export async function placeEphemeralDeployment(
  transaction: Transaction,
  { application, environment, commit, operation, requestedBy, automatic }: Wish,
  surroundings: Surroundings,
): Promise<Placement> {
  if (operation === 'deploy') {
    requireOpen(environment);
    orThrow(objectionToRequester(application, environment, { requestedBy, automatic }));
  }
  const state = await stateOf(transaction, environment);
  const newest = await newestOpen(transaction, state, operation);
  if (newest && (operation === 'destroy' || newest.commit === commit))
    return { deployment: newest, isNew: false, effects: NO_EFFECTS };
  const wish = { environment, operation, requestedBy, automatic, content: { commit }, state };
  return orThrow(await createDeployment(transaction, wish, surroundings));
}

/** Returns the open deployment of this operation that comes last: only that one makes another superfluous. */
async function newestOpen(
  transaction: Transaction,
  { holder, queue }: EnvironmentState,
  operation: Operation,
): Promise<Deployment | undefined> {
  const last = [...(holder ? [holder] : []), ...queue].findLast((entry) => entry.operation === operation);
  const deployment = last && (await transaction.get('deployment', { id: last.deploymentId }));
  return deployment && !isTerminal(deployment.status) ? deployment : undefined;
}

/** Throws RefusedError if the environment is closing or closed: nothing more is deployed to it. */
export function requireOpen({ name, life }: EphemeralEnvironment): void {
  if (life.phase !== 'open')
    throw new RefusedError(
      'environment-closing',
      `ephemeral environment "${name}" is ${life.phase} (${life.cause}, ${life.at})`,
    );
}

export async function stateOf(
  transaction: Transaction,
  { application, name }: EphemeralEnvironment,
): Promise<EnvironmentState> {
  return (
    (await transaction.get('environmentState', { application, environment: name })) ?? emptyState(application, name)
  );
}
