import type { Requester } from './deployment.ts';
import { carryOut, type EffectServices } from './effects.ts';
import { NotFoundError, RefusedError } from './errors.ts';
import type { Operation } from './operation.ts';
import { type Placement, placeDeployment } from './place-deployment.ts';
import type { Surroundings, Transaction } from './ports.ts';

interface Wish {
  readonly application: string;
  readonly environment: string;
  readonly operation: Operation;
  /** May be left out for a destruction: that of the deployed release. */
  readonly release?: number;
  readonly requestedBy: Requester;
}

/** Creates a deployment somebody asked for and starts it when it is its turn. Throws NotFoundError, RefusedError. */
export async function requestDeployment(
  services: EffectServices & { readonly surroundings: Surroundings },
  wish: Wish,
): Promise<Placement> {
  const placement = await services.store.transact(async (transaction) => {
    const release = wish.release ?? (await deployedRelease(transaction, wish));
    return placeDeployment(transaction, { ...wish, release, automatic: false }, services.surroundings);
  });
  await carryOut(services, placement.effects);
  return placement;
}

async function deployedRelease(transaction: Transaction, { application, environment }: Wish): Promise<number> {
  const target = await transaction.get('environment', { application, name: environment });
  if (!target) throw new NotFoundError('environment', `${application}/${environment}`);
  const state = await transaction.get('environmentState', { application, environment });
  if (state?.deployed?.release !== undefined) return state.deployed.release;
  // A first deployment that failed half way has left something, too.
  if (state && state.newestStarted > 0) return state.newestStarted;
  throw new RefusedError('nothing-deployed', `nothing is deployed in "${environment}"`);
}
