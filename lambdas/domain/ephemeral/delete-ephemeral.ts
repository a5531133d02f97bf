import type { Requester } from '../model/deployment.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';
import type { Scheduler, Surroundings, Transaction } from '../ports.ts';
import { carryOut, type EffectServices, type Effects, NO_EFFECTS } from '../transaction/effects.ts';
import { findApplication, findEphemeral } from '../transaction/find.ts';
import { beginClosing, destroyAgain, openDeployments } from './close-ephemeral.ts';
import { stateOf } from './deploy-ephemeral.ts';
import { wakeUpName } from './wake-up.ts';

type Services = EffectServices & { readonly scheduler: Scheduler; readonly surroundings: Surroundings };

/**
 * Starts the destruction of an ephemeral environment. If requested again while no deployment is open, tries again at
 * once and counts the attempts from zero. Throws NotFoundError.
 */
export async function deleteEphemeral(
  services: Services,
  application: string,
  name: string,
  by: Requester,
): Promise<EphemeralEnvironment> {
  const { store, surroundings, scheduler } = services;
  const effects = await store.transact((transaction) =>
    closeOnRequest(transaction, application, name, by, surroundings),
  );
  await carryOut(services, effects);
  await scheduler.cancel(wakeUpName({ application, name }));
  return findEphemeral(store, application, name);
}

async function closeOnRequest(
  transaction: Transaction,
  app: string,
  name: string,
  by: Requester,
  surroundings: Surroundings,
): Promise<Effects> {
  const application = await findApplication(transaction, app);
  const environment = await findEphemeral(transaction, app, name);
  const { life } = environment;
  switch (life.phase) {
    case 'open':
      return beginClosing(transaction, application, environment, { cause: 'requested', by }, surroundings);
    case 'closing': {
      const open = await openDeployments(transaction, await stateOf(transaction, environment));
      if (open.length > 0) return NO_EFFECTS;
      return destroyAgain(transaction, application, { ...environment, life: { ...life, attempts: 0 } }, surroundings);
    }
    case 'closed':
      return NO_EFFECTS;
  }
}
