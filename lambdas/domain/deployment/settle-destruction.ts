import { dropTrees } from '../build/drop-trees.ts';
import { freeHostname } from '../dns/claim-hostname.ts';
import type { Deployment } from '../model/deployment.ts';
import type { EphemeralEnvironment, RegularEnvironment } from '../model/environment.ts';
import { type EnvironmentState, withoutPast } from '../model/environment-state.ts';
import { withoutLive } from '../model/ephemeral-register.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';
import { forgetReads } from './forget-reads.ts';
import { freeState } from './free-state.ts';

/**
 * Ends the environment after a destruction: closes an ephemeral environment that is closing, and removes a regular one
 * whose removal was requested, but only if this same deployment has seen in the Terraform state itself that nothing is
 * left. A removal that found resources, or failed, is called off.
 */
export async function settleDestruction(
  transaction: Transaction,
  ended: Deployment,
  surroundings: Surroundings,
): Promise<void> {
  if (ended.operation !== 'destroy') return;
  const { application, environment: name } = ended;
  const environment = await transaction.get('environment', { application, name });
  const state = await transaction.get('environmentState', { application, environment: name });
  if (!environment || !state) return;
  const isEmpty =
    ended.status === 'succeeded' && state.resources?.deploymentId === ended.id && state.resources.count === 0;
  if (environment.type === 'ephemeral') {
    if (isEmpty) await closeEnvironment(transaction, environment, surroundings);
  } else if (environment.removal) {
    if (isEmpty)
      await removeEnvironment(transaction, environment, state, environment.removal.by.principal, surroundings);
    else transaction.put('environment', withoutRemoval(environment));
  }
}

const withoutRemoval = ({ removal: _calledOff, ...environment }: RegularEnvironment): RegularEnvironment => environment;

/** Closes an ephemeral environment in which nothing exists (any more). */
export async function closeEnvironment(
  transaction: Transaction,
  environment: EphemeralEnvironment,
  surroundings: Surroundings,
): Promise<void> {
  const { dns: _withdrawn, ...kept } = environment;
  const { application, name, life } = kept;
  if (life.phase !== 'closing') return;
  const { cause, by } = life;
  const at = surroundings.now();
  const where = { application, environment: name };
  transaction.put('environment', { ...kept, life: { phase: 'closed', cause, by, at }, updatedAt: at });
  const register = await transaction.get('ephemeralRegister', {});
  if (register) transaction.put('ephemeralRegister', withoutLive(register, where));
  await freeHostname(transaction, environment);
  await freeState(transaction, where);
  await dropTrees(transaction, where);
  recordEnvironmentEvent(transaction, surroundings, { ...where, type: 'closed', by: by.principal, reason: cause });
}

/** Removes a regular environment in which nothing exists, and withdraws its proofs. */
export async function removeEnvironment(
  transaction: Transaction,
  environment: RegularEnvironment,
  state: EnvironmentState | undefined,
  by: string,
  surroundings: Surroundings,
): Promise<void> {
  const { application, name } = environment;
  const where = { application, environment: name };
  transaction.delete('environment', { application, name });
  if (state) transaction.put('environmentState', withoutPast(state));
  if (await transaction.get('outputs', where)) transaction.delete('outputs', where);
  await forgetReads(transaction, where);
  await freeHostname(transaction, environment);
  await freeState(transaction, where);
  await dropTrees(transaction, where);
  recordEnvironmentEvent(transaction, surroundings, { ...where, type: 'removed', by });
}
