import { actorOf } from './audit.ts';
import { claimHostname, requireOwnDnsRole } from './claim-hostname.ts';
import { type Environment, type EnvironmentSettings, isProtected, requireStageNotLowered } from './environment.ts';
import { recordEnvironmentEvent } from './environment-event.ts';
import { isBusy } from './environment-state.ts';
import { NotFoundError, RefusedError } from './errors.ts';
import { positionOf, requireOrdered } from './pipeline.ts';
import { stagesOf } from './place-deployment.ts';
import type { Store, Surroundings, Transaction } from './ports.ts';
import { recordAudit } from './record-audit.ts';
import { changedSettings } from './settings-change.ts';

interface Place {
  readonly application: string;
  readonly environment: string;
}

/**
 * Defines an environment of the pipeline or replaces its settings. Its external id is made once and kept, and a
 * protection against deletion is never removed by the way. Throws NotFoundError, InvalidInputError, RefusedError.
 */
export async function configureEnvironment(
  { store, surroundings }: { store: Store; surroundings: Surroundings },
  { application: app, environment: name }: Place,
  settings: EnvironmentSettings,
  by: string,
): Promise<{ environment: Environment; isNew: boolean }> {
  requireOwnDnsRole(settings);
  return store.transact(async (transaction) => {
    const application = await transaction.get('application', { name: app });
    if (!application) throw new NotFoundError('application', app);
    positionOf(application, name);
    const current = await transaction.get('environment', { application: app, name });
    requireStageNotLowered(current, settings);
    const stages = await stagesOf(transaction, application);
    requireOrdered(application.pipeline, stages.set(name, settings.stage));
    if (current) await requireMayChange(transaction, current, settings);
    const now = surroundings.now();
    await claimHostname(transaction, application, { current, wanted: { application: app, name, ...settings }, now });
    const environment: Environment = {
      ...{ application: app, name, type: 'regular', ...settings },
      deletionProtection: isProtected(settings) || (current?.deletionProtection ?? false),
      externalId: current?.externalId ?? surroundings.randomHex(32),
      ...{ createdAt: current?.createdAt ?? now, updatedAt: now },
    };
    transaction.put('environment', environment);
    recordEnvironmentEvent(transaction, surroundings, { application: app, environment: name, type: 'configured', by });
    const details = changedSettings(current, environment, UNTOLD);
    if (Object.keys(details).length > 0)
      await recordAudit(transaction, surroundings, {
        ...{ application: app, environment: name, type: 'environment-configured' },
        ...{ ...actorOf({ principal: by }), details },
      });
    return { environment, isNew: !current };
  });
}

/** Of an environment's record: what is no setting, or appears in no answer. */
const UNTOLD = ['application', 'name', 'type', 'externalId', 'createdAt', 'updatedAt'];

/** What a running deployment was planned for stays as it is until it ends; what is deployed stays where it is. */
async function requireMayChange(
  transaction: Transaction,
  current: Environment,
  wanted: EnvironmentSettings,
): Promise<void> {
  const { application, name: environment } = current;
  const state = await transaction.get('environmentState', { application, environment });
  const changed = (['stage', 'accountId', 'region', 'stateBucket', 'roles', 'dns'] as const).filter(
    (setting) => JSON.stringify(current[setting]) !== JSON.stringify(wanted[setting]),
  );
  if (changed.length > 0 && isBusy(state))
    throw new RefusedError(
      'deployments-open',
      `${changed.join(', ')} of "${environment}" can change only while no deployment is open there`,
    );
  const moved = changed.filter((setting) => setting === 'accountId' || setting === 'region');
  if (moved.length > 0 && state?.deployed)
    throw new RefusedError(
      'something-deployed',
      `release ${state.deployed.release} is deployed in "${environment}"; destroy it before changing its ${moved.join(' and ')}`,
    );
}
