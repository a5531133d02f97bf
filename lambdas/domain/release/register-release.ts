import { NotFoundError } from '../errors.ts';
import type { Requester } from '../model/deployment.ts';
import type { Release } from '../model/release.ts';
import type { Surroundings } from '../ports.ts';
import { carryOut, type EffectServices } from '../transaction/effects.ts';
import { createRelease } from './register-push.ts';

/** Makes a release on request and deploys it to the first environment of the pipeline. Throws NotFoundError. */
export async function registerRelease(
  services: EffectServices & { readonly surroundings: Surroundings },
  facts: Pick<Release, 'application' | 'commit' | 'message' | 'author'>,
  requestedBy: Requester,
): Promise<{ release: Release; deploymentId?: string }> {
  const { store, surroundings } = services;
  const { effects, ...made } = await store.transact(async (transaction) => {
    if (!(await transaction.get('application', { name: facts.application })))
      throw new NotFoundError('application', facts.application);
    return createRelease(transaction, { ...facts, source: 'api' }, requestedBy, surroundings);
  });
  await carryOut(services, effects);
  return made;
}
