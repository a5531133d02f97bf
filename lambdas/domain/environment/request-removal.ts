import { placeDeployment } from '../deployment/place-deployment.ts';
import { removeEnvironment } from '../deployment/settle-destruction.ts';
import { requireNoDns } from '../dns/claim-hostname.ts';
import { RefusedError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import type { Deployment, Requester } from '../model/deployment.ts';
import { type EnvironmentState, isBusy } from '../model/environment-state.ts';
import { newestTree } from '../model/kept/kept-trees.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { carryOut, type EffectServices, type Effects, NO_EFFECTS } from '../transaction/effects.ts';
import { findEnvironment } from '../transaction/find.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';

type Services = EffectServices & { readonly surroundings: Surroundings };

interface Place {
  readonly application: string;
  readonly environment: string;
}

/** Time for which a count of the resources in the Terraform state is trusted. */
const FRESH_MS = 15 * 60_000;

/**
 * Removes a regular environment in which nothing is deployed. If its Terraform state was not seen empty a short time
 * ago, starts and returns a deployment that only checks the state, and that removes the environment if it is empty.
 * Throws NotFoundError, RefusedError.
 */
export async function requestRemoval(services: Services, place: Place, by: Requester): Promise<Deployment | undefined> {
  const { deployment, effects } = await services.store.transact((transaction) =>
    remove(transaction, place, by, services.surroundings),
  );
  await carryOut(services, effects);
  return deployment;
}

async function remove(
  transaction: Transaction,
  { application, environment: name }: Place,
  by: Requester,
  surroundings: Surroundings,
): Promise<{ deployment?: Deployment; effects: Effects }> {
  const environment = await findEnvironment(transaction, application, name);
  if (environment.type !== 'regular')
    throw new RefusedError(
      'not-allowed-here',
      `"${name}" is ephemeral; delete it below /applications/${application}/ephemeral-environments`,
    );
  const where = { application, environment: name };
  const state = await transaction.get('environmentState', where);
  if (environment.removal && state?.holder) {
    const looking = await transaction.get('deployment', { id: state.holder.deploymentId });
    return { ...(looking && { deployment: looking }), effects: NO_EFFECTS };
  }
  requireUnused(name, state);
  await requireNoDns(transaction, where);
  await recordAudit(transaction, surroundings, { ...where, type: 'removal-requested', ...actorOf(by) });
  const isUntouched = !(await transaction.get('stateAddress', where));
  if (isUntouched || isSeenEmpty(state, surroundings.now())) {
    await removeEnvironment(transaction, environment, state, by.principal, surroundings);
    return { effects: NO_EFFECTS };
  }
  recordEnvironmentEvent(transaction, surroundings, { ...where, type: 'removal-asked', by: by.principal });
  transaction.put('environment', { ...environment, removal: { by, at: surroundings.now() } });
  const { deployment, effects } = await placeDeployment(
    transaction,
    {
      ...where,
      operation: 'destroy',
      requestedBy: by,
      automatic: false,
      isVerification: true,
      release: await releaseToLookWith(transaction, where, state),
    },
    surroundings,
  );
  return { deployment, effects };
}

function requireUnused(name: string, state: EnvironmentState | undefined): void {
  if (isBusy(state)) throw new RefusedError('deployments-open', `environment "${name}" has an open deployment`);
  if (state?.deployed)
    throw new RefusedError(
      'something-deployed',
      `release ${state.deployed.release} is deployed in "${name}"; destroy it before removing the environment`,
    );
}

const isSeenEmpty = (state: EnvironmentState | undefined, now: string): boolean =>
  state?.resources?.count === 0 && Date.parse(now) - Date.parse(state.resources.at) < FRESH_MS;

/**
 * Returns the release whose configuration is used to check the state: the last applied one whose tree is kept, else the
 * newest applied one, else the newest one.
 */
async function releaseToLookWith(
  transaction: Transaction,
  { application, environment }: Place,
  state: EnvironmentState | undefined,
): Promise<number> {
  const kept = newestTree(await transaction.get('keptTrees', { application, environment }));
  if (kept?.release !== undefined) return kept.release;
  if (state && state.newestStarted > 0) return state.newestStarted;
  const log = await transaction.get('releaseLog', { application });
  if (log && log.newest > 0) return log.newest;
  throw new Error(`${application} has a state address and no release`);
}
