import { type Placement, PlacementSchema } from '../deployment/create-deployment.ts';
import { RefusedError } from '../errors.ts';
import type { Requester } from '../model/deployment.ts';
import type { Surroundings } from '../ports.ts';
import { carryOut, type EffectServices } from '../transaction/effects.ts';
import { findApplication, findEphemeral } from '../transaction/find.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { placeEphemeralDeployment, requireOpen } from './deploy-ephemeral.ts';

/** Deploys a commit, or its own commit again, to an ephemeral environment. Throws NotFoundError, RefusedError. */
export async function redeployEphemeral(
  services: EffectServices & { readonly surroundings: Surroundings },
  where: { readonly application: string; readonly environment: string },
  wanted: string | undefined,
  requestedBy: Requester,
): Promise<Placement> {
  const { store, surroundings } = services;
  const placement = await transactOwn(store, PlacementSchema, async (transaction) => {
    const application = await findApplication(transaction, where.application);
    const environment = await findEphemeral(transaction, where.application, where.environment);
    requireOpen(environment);
    const commit = wanted ?? environment.commit;
    if (commit === undefined)
      throw new RefusedError(
        'nothing-deployed',
        `the head of branch "${environment.branch}" is not known from a push yet; give a commit`,
      );
    const next = { ...environment, commit, updatedAt: surroundings.now() };
    if (commit !== environment.commit) transaction.put('environment', next);
    const wish = {
      application,
      environment: next,
      commit,
      operation: 'deploy',
      requestedBy,
      automatic: false,
    } as const;
    return placeEphemeralDeployment(transaction, wish, surroundings);
  });
  await carryOut(services, placement.effects);
  return placement;
}
