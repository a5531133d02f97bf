import { markCanceled } from '../deployment/cancel-deployment.ts';
import { closeEnvironment } from '../deployment/settle-destruction.ts';
import { Refused } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { type Actor, actorOf, SYSTEM } from '../model/audit.ts';
import { type Deployment, isTerminal, type Requester } from '../model/deployment.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';
import { type EnvironmentState, mayHoldResources } from '../model/environment-state.ts';
import type { Cause, Life } from '../model/ephemeral-environment.ts';
import { newestTree } from '../model/kept/kept-trees.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { type Effects, merged, NO_EFFECTS } from '../transaction/effects.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';
import { placeEphemeralDeployment, stateOf } from './deploy-ephemeral.ts';

export type Closing = EphemeralEnvironment & { readonly life: Extract<Life, { phase: 'closing' }> };

/**
 * Begins the end of an open ephemeral environment: its open deployments are canceled, nothing more is deployed, and the
 * environment is destroyed. An environment in which nothing was ever planned is closed at once.
 */
export async function beginClosing(
  transaction: Transaction,
  application: Application,
  environment: EphemeralEnvironment,
  { cause, by }: { readonly cause: Cause; readonly by: Requester },
  surroundings: Surroundings,
): Promise<Effects> {
  const at = surroundings.now();
  const closing: Closing = { ...environment, updatedAt: at, life: { phase: 'closing', cause, by, at, attempts: 0 } };
  const where = { application: environment.application, environment: environment.name };
  recordEnvironmentEvent(transaction, surroundings, { ...where, type: 'closing', by: by.principal, reason: cause });
  const actor = cause === 'requested' ? actorOf(by) : SYSTEM;
  await recordAudit(transaction, surroundings, { ...where, type: 'ephemeral-ended', ...actor, details: { cause } });
  const canceled = await cancelOpen(transaction, environment, { by, actor }, surroundings);
  return merged(canceled, await destroyAgain(transaction, application, closing, surroundings));
}

/**
 * Creates the next destruction of an environment that is closing, unless one is open already. If there cannot be
 * anything to destroy, closes the environment. The destruction waits for a deployment that still holds the environment.
 */
export async function destroyAgain(
  transaction: Transaction,
  application: Application,
  environment: Closing,
  surroundings: Surroundings,
): Promise<Effects> {
  const state = await stateOf(transaction, environment);
  const where = { application: environment.application, environment: environment.name };
  const [address, dns] = [await transaction.get('stateAddress', where), await transaction.get('environmentDns', where)];
  const isUntouched = !address && !dns && !mayHoldResources(state);
  const open = await openDeployments(transaction, state);
  if (isUntouched && open.length === 0) {
    transaction.put('environment', environment);
    await closeEnvironment(transaction, environment, surroundings);
    return NO_EFFECTS;
  }
  const { stuckAt: _tried, ...life } = environment.life;
  const { effects, isNew } = await placeEphemeralDeployment(
    transaction,
    {
      application,
      environment,
      operation: 'destroy',
      requestedBy: life.by,
      automatic: true,
      commit: await commitThere(transaction, environment, state),
    },
    surroundings,
  );
  const attempts = life.attempts + (isNew ? 1 : 0);
  transaction.put('environment', { ...environment, life: { ...life, attempts } });
  return effects;
}

export async function openDeployments(transaction: Transaction, state: EnvironmentState): Promise<Deployment[]> {
  const found: Deployment[] = [];
  for (const { deploymentId: id } of [...(state.holder ? [state.holder] : []), ...state.queue]) {
    const deployment = await transaction.get('deployment', { id });
    if (deployment && !isTerminal(deployment.status)) found.push(deployment);
  }
  return found;
}

/** Cancels open deployments, but not one that is being applied: half an apply is worse than a whole one. */
async function cancelOpen(
  transaction: Transaction,
  environment: EphemeralEnvironment,
  { by, actor }: { readonly by: Requester; readonly actor: Actor },
  surroundings: Surroundings,
): Promise<Effects> {
  let effects = NO_EFFECTS;
  for (const deployment of await openDeployments(transaction, await stateOf(transaction, environment))) {
    if (deployment.operation === 'destroy' || deployment.status === 'applying') continue;
    const canceled = await markCanceled(transaction, deployment, by, surroundings, actor);
    // A deployment that cannot be canceled is ending by itself.
    if (!(canceled instanceof Refused)) effects = merged(effects, canceled.effects);
  }
  return effects;
}

/**
 * Returns the commit to destroy with: that of the apply under way, or of the last one whose tree is kept, because its
 * repository may not have it any more. Otherwise preferably the applied one, not a later one that may not even parse.
 */
async function commitThere(
  transaction: Transaction,
  environment: EphemeralEnvironment,
  state: EnvironmentState,
): Promise<string> {
  const [open] = await openDeployments(transaction, state);
  const where = { application: environment.application, environment: environment.name };
  const kept = newestTree(await transaction.get('keptTrees', where));
  const commit =
    (await beingApplied(transaction, state)) ??
    kept?.commit ??
    state.appliedCommit ??
    state.deployed?.commit ??
    open?.commit ??
    environment.commit;
  if (!commit) throw new Error(`${environment.application}/${environment.name} was planned without a commit`);
  return commit;
}

/** Returns the commit that the holder is applying, or has applied: its tree is kept before the environment is free. */
async function beingApplied(transaction: Transaction, { holder }: EnvironmentState): Promise<string | undefined> {
  const deployment = holder && (await transaction.get('deployment', { id: holder.deploymentId }));
  if (!deployment || deployment.operation === 'destroy') return undefined;
  const { status } = deployment;
  const isApplied = status === 'failed' ? deployment.applied !== 'no' : status === 'applying' || status === 'succeeded';
  return isApplied ? deployment.commit : undefined;
}
