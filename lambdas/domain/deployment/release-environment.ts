import { isTerminal } from '../model/deployment.ts';
import { endUnsuccessfully, startPlanning } from '../model/deployment-transitions.ts';
import { releaseHolder, withUnannounced } from '../model/environment-state.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { carryOut, type EffectServices, NO_EFFECTS } from '../transaction/effects.ts';
import { recordEvent } from '../transaction/record-event.ts';

type Services = EffectServices & { readonly surroundings: Surroundings };

/**
 * Gives the environment of an ended deployment to the next deployment in its queue, and starts that execution. Safe to
 * repeat: a second call finds another holder and only makes sure that its execution is started.
 */
export async function releaseEnvironment(services: Services, id: string): Promise<void> {
  const deployment = await services.store.get('deployment', { id });
  if (!deployment) throw new Error(`releasing the environment of "${id}": there is no such deployment`);
  if (!isTerminal(deployment.status))
    throw new Error(`releasing the environment of "${id}": it is still ${deployment.status}`);
  await passOn(services, deployment.application, deployment.environment, id);
}

/** Frees the environment if `from` holds it (or nobody does), and starts the deployment that holds it then. */
export async function passOn(
  services: Services,
  application: string,
  environment: string,
  from: string | null,
): Promise<void> {
  const effects = await services.store.transact((transaction) =>
    handOver(transaction, { application, environment }, from, services.surroundings),
  );
  await carryOut(services, effects);
}

async function handOver(
  transaction: Transaction,
  where: { application: string; environment: string },
  from: string | null,
  surroundings: Surroundings,
) {
  const state = await transaction.get('environmentState', where);
  if (!state) return NO_EFFECTS;
  if (state.holder && state.holder.deploymentId !== from) {
    const holder = await transaction.get('deployment', { id: state.holder.deploymentId });
    return holder?.status === 'planning' ? { ...NO_EFFECTS, start: [holder.id] } : NO_EFFECTS;
  }
  const now = surroundings.now();
  const departure = releaseHolder(state, now);
  const announce = departure.superseded.map(({ deploymentId }) => deploymentId);
  transaction.put('environmentState', withUnannounced(departure.state, announce));
  for (const entry of departure.superseded) {
    const outdated = await transaction.get('deployment', { id: entry.deploymentId });
    if (!outdated) throw new Error(`the queue names deployment "${entry.deploymentId}", which does not exist`);
    const message = `release ${state.newestStarted} was applied before it came to its turn`;
    transaction.put('deployment', endUnsuccessfully(outdated, 'superseded', { reason: 'superseded', message }, now));
    recordEvent(transaction, surroundings, outdated.id, 'superseded');
  }
  if (!departure.next) return { ...NO_EFFECTS, announce };
  const next = await transaction.get('deployment', { id: departure.next.deploymentId });
  if (!next) throw new Error(`the queue names deployment "${departure.next.deploymentId}", which does not exist`);
  transaction.put('deployment', startPlanning(next, now));
  recordEvent(transaction, surroundings, next.id, 'started');
  return { ...NO_EFFECTS, start: [next.id], announce };
}
