import { readForPlacement, tryToPlace } from '../deployment/place-deployment.ts';
import { Refused } from '../errors.ts';
import type { Deployment } from '../model/deployment.ts';
import { nextOf } from '../model/pipeline.ts';
import { principalText } from '../model/principal.ts';
import type { OwedPromotion } from '../model/upkeep/upkeep-records.ts';
import { policyOf } from '../policy.ts';
import type { Reader, Store, Surroundings, Transaction } from '../ports.ts';
import { carryOut, type EffectServices, type Effects, NO_EFFECTS } from '../transaction/effects.ts';
import { forgetPromotion } from '../transaction/owed-promotion.ts';

type Services = EffectServices & { readonly surroundings: Surroundings };

/**
 * Promotes the release of a success to the next environment, if the policy of the source environment says so; never
 * into production (rule 1). A second delivery of the same event finds the promotion made and does nothing.
 */
export async function promoteAutomatically(
  services: Services,
  sourceDeploymentId: string,
): Promise<string | undefined> {
  const { store, surroundings } = services;
  const ahead = await store.readAhead();
  await readForPromotion(ahead, sourceDeploymentId);
  const { deploymentId, effects } = await store.transact(
    (transaction) => promote(transaction, sourceDeploymentId, surroundings),
    ahead,
  );
  await carryOut(services, effects);
  return deploymentId;
}

/** Reads in parallel the records that `promote` would read one after the other. */
async function readForPromotion(ahead: Reader, sourceDeploymentId: string): Promise<void> {
  const [source, done] = await Promise.all([
    ahead.get('deployment', { id: sourceDeploymentId }),
    ahead.get('promotion', { sourceDeploymentId }),
  ]);
  if (done || source?.release === undefined) return;
  const { application: name, environment, release } = source;
  const [application] = await Promise.all([
    ahead.get('application', { name }),
    ahead.get('environment', { application: name, name: environment }),
    ahead.get('release', { application: name, number: release }),
    ahead.get('environmentState', { application: name, environment }),
    ahead.get('owedPromotion', { application: name, environment }),
  ]);
  const next = application && nextOf(application, environment);
  if (next) await readForPlacement(ahead, application, { environment: next, release });
}

interface Promoted {
  readonly deploymentId?: string;
  readonly effects: Effects;
}

async function promote(
  transaction: Transaction,
  sourceDeploymentId: string,
  surroundings: Surroundings,
): Promise<Promoted> {
  const source = await transaction.get('deployment', { id: sourceDeploymentId });
  const done = await transaction.get('promotion', { sourceDeploymentId });
  if (source) await settleOwed(transaction, source);
  if (done || source?.status !== 'succeeded' || source.operation === 'destroy') return { effects: NO_EFFECTS };
  // Nothing is promoted from an ephemeral environment, because it runs no release.
  if (source.release === undefined) return { effects: NO_EFFECTS };
  const target = await automaticTarget(transaction, source.application, source.environment);
  if (!target) return { effects: NO_EFFECTS };
  const at = surroundings.now();
  const placed = await tryToPlace(
    transaction,
    {
      application: source.application,
      environment: target,
      release: source.release,
      operation: 'deploy',
      requestedBy: { principal: principalText({ kind: 'promotion', deploymentId: source.id }) },
      automatic: true,
    },
    surroundings,
  );
  if (placed instanceof Refused) {
    transaction.put('promotion', { sourceDeploymentId, refusal: `${placed.refusal}: ${placed.message}`, at });
    return { effects: NO_EFFECTS };
  }
  const { deployment, effects } = placed;
  transaction.put('promotion', { sourceDeploymentId, deploymentId: deployment.id, at });
  return { deploymentId: deployment.id, effects };
}

/**
 * Takes the note that a promotion is owed off the environment, if this is its newest success: whatever is decided about
 * it in this transaction counts for good, until there is another success or other settings.
 */
async function settleOwed(transaction: Transaction, { id, application, environment }: Deployment): Promise<void> {
  const state = await transaction.get('environmentState', { application, environment });
  if (state?.deployed?.deploymentId === id) await forgetPromotion(transaction, { application, environment });
}

/** Removes the note of an environment in which nothing is deployed (any more). */
export const settleEmpty = (store: Store, where: Pick<OwedPromotion, 'application' | 'environment'>): Promise<void> =>
  store.transact(async (transaction) => {
    const state = await transaction.get('environmentState', where);
    if (!state?.deployed) await forgetPromotion(transaction, where);
  });

/** Returns the environment to which a success in this environment is promoted automatically, if any. */
export async function automaticTarget(
  reader: Reader,
  application: string,
  environment: string,
): Promise<string | undefined> {
  const [owner, from] = await Promise.all([
    reader.get('application', { name: application }),
    reader.get('environment', { application, name: environment }),
  ]);
  if (!owner || !from || !policyOf(from, owner.policy).autoPromote) return undefined;
  const next = nextOf(owner, environment);
  const target = next && (await reader.get('environment', { application, name: next }));
  return target && target.stage !== 'production' ? target.name : undefined;
}
