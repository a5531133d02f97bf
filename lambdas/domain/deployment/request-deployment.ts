import { NotFoundError, RefusedError } from '../errors.ts';
import type { Adopt, Requester } from '../model/deployment.ts';
import type { Operation } from '../operation.ts';
import type { ReadAhead, Reader, Surroundings, Transaction } from '../ports.ts';
import { carryOut, type EffectServices } from '../transaction/effects.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { type Placement, PlacementSchema } from './create-deployment.ts';
import { placeDeployment, readForPlacement } from './place-deployment.ts';

interface Wish {
  readonly application: string;
  readonly environment: string;
  readonly operation: Operation;
  /** May be left out for a destruction, which then takes the deployed release. */
  readonly release?: number;
  readonly adopt?: Adopt | undefined;
  readonly requestedBy: Requester;
}

/**
 * Creates a deployment that somebody requested, and starts it if it holds the environment. The caller may pass records
 * that it has already read. Throws NotFoundError, RefusedError.
 */
export async function requestDeployment(
  services: EffectServices & { readonly surroundings: Surroundings },
  wish: Wish,
  given?: ReadAhead,
): Promise<Placement> {
  const ahead = given ?? (await services.store.readAhead());
  await readForRequest(ahead, wish);
  const attempt = async (transaction: Transaction): Promise<Placement> => {
    const release = wish.release ?? (await deployedRelease(transaction, wish));
    return placeDeployment(transaction, { ...wish, release, automatic: false }, services.surroundings);
  };
  const placement = await transactOwn(services.store, PlacementSchema, attempt, ahead);
  await carryOut(services, placement.effects);
  return placement;
}

/** Reads in parallel the records that a request for a release would read one after the other. */
async function readForRequest(ahead: Reader, { application: name, environment, release }: Wish): Promise<void> {
  const application = await ahead.get('application', { name });
  if (!application) return;
  await Promise.all([
    ahead.get('auditHead', { application: name }),
    ...(release === undefined ? [] : [readForPlacement(ahead, application, { environment, release })]),
  ]);
}

/**
 * Returns the release to destroy with, if the request names none: that of the last apply, because what stands was made
 * by it, even if the apply failed half way.
 */
async function deployedRelease(transaction: Transaction, { application, environment }: Wish): Promise<number> {
  const target = await transaction.get('environment', { application, name: environment });
  if (!target) throw new NotFoundError('environment', `${application}/${environment}`);
  const state = await transaction.get('environmentState', { application, environment });
  const kept = await transaction.get('keptTrees', { application, environment });
  if (kept?.unfinished?.release !== undefined) return kept.unfinished.release;
  if (state?.deployed?.release !== undefined) return state.deployed.release;
  // A first deployment that failed half way has left resources, too.
  if (state && state.newestStarted > 0) return state.newestStarted;
  throw new RefusedError('nothing-deployed', `nothing is deployed in "${environment}"`);
}
