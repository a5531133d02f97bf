import * as z from 'zod';
import { NotFoundError } from '../errors.ts';
import type { Requester } from '../model/deployment.ts';
import { type Release, ReleaseSchema } from '../model/release.ts';
import type { Surroundings } from '../ports.ts';
import { carryOut, type EffectServices, EffectsSchema } from '../transaction/effects.ts';
import { transactOwn } from '../transaction/own-transaction.ts';
import { createRelease } from './register-push.ts';

const CreatedSchema = z.object({
  release: ReleaseSchema,
  deploymentId: z.string().optional(),
  effects: EffectsSchema,
});

/** Makes a release on request and deploys it to the first environment of the pipeline. Throws NotFoundError. */
export async function registerRelease(
  services: EffectServices & { readonly surroundings: Surroundings },
  facts: Pick<Release, 'application' | 'commit' | 'message' | 'author'>,
  requestedBy: Requester,
): Promise<{ release: Release; deploymentId?: string | undefined }> {
  const { store, surroundings } = services;
  const { effects, ...made } = await transactOwn(store, CreatedSchema, async (transaction) => {
    if (!(await transaction.get('application', { name: facts.application })))
      throw new NotFoundError('application', facts.application);
    return createRelease(transaction, { ...facts, source: 'api' }, requestedBy, surroundings);
  });
  await carryOut(services, effects);
  return made;
}
