import { freeState } from '../deployment/free-state.ts';
import { stagesOf } from '../deployment/place-deployment.ts';
import { claimHostname, requireOwnDnsRole } from '../dns/claim-hostname.ts';
import { NotFoundError, RefusedError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import {
  type Environment,
  type EnvironmentSettings,
  isProtected,
  type RegularEnvironment,
  requireStageNotLowered,
} from '../model/environment.ts';
import {
  type EnvironmentState,
  isBusy,
  mayHoldResources,
  withoutPast,
  withoutProofs,
} from '../model/environment-state.ts';
import { positionOf, previousOf, requireOrdered } from '../model/pipeline.ts';
import { type Allowed, requireAllowedTag } from '../model/request/settings-tag.ts';
import type { Store, Surroundings, Transaction } from '../ports.ts';
import { notePromotion } from '../transaction/owed-promotion.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';
import { changedSettings } from '../transaction/settings-change.ts';
import { describeNamesake, findNamesake, namesTaken, requireRoleNames } from './own-names.ts';
import { requireOtherAccount } from './reserved-account.ts';
import { tagNow } from './tag-now.ts';

interface Place {
  readonly application: string;
  readonly environment: string;
}

/**
 * Defines an environment of the pipeline or replaces its settings. Its external id is made once and kept. New settings
 * never remove a protection against deletion. Throws NotFoundError, InvalidInputError, RefusedError.
 */
export async function configureEnvironment(
  { store, surroundings, reservedAccount }: { store: Store; surroundings: Surroundings; reservedAccount: string },
  { application: app, environment: name }: Place,
  settings: EnvironmentSettings,
  by: string,
  ifMatch?: Allowed,
): Promise<{ environment: Environment; isNew: boolean }> {
  requireOwnDnsRole(settings);
  requireOtherAccount(settings, reservedAccount);
  const place = { application: app, environment: name };
  requireRoleNames(surroundings.installation, place, settings.roles);
  return store.transact(async (transaction) => {
    const application = await transaction.get('application', { name: app });
    if (!application) throw new NotFoundError('application', app);
    positionOf(application, name);
    const found = await transaction.get('environment', { application: app, name });
    const current = requireNameFree(found);
    if (ifMatch !== undefined) requireAllowedTag(ifMatch, current && (await tagNow(transaction, current)));
    const namesake = await findNamesake(transaction, place);
    if (namesake && !current) throw namesTaken(place, namesake);
    requireStageNotLowered(current, settings);
    const stages = await stagesOf(transaction, application);
    requireOrdered(application.pipeline, stages.set(name, settings.stage));
    await adaptState(transaction, { application: app, environment: name }, current, settings);
    const now = surroundings.now();
    await claimHostname(transaction, application, { current, wanted: { application: app, name, ...settings }, now });
    const environment: RegularEnvironment = {
      application: app,
      name,
      type: 'regular',
      ...settings,
      ...(current?.removal && { removal: current.removal }),
      deletionProtection: isProtected(settings) || (current?.deletionProtection ?? false),
      externalId: current?.externalId ?? surroundings.randomHex(32),
      createdAt: current?.createdAt ?? now,
      updatedAt: now,
    };
    transaction.put('environment', environment);
    // A new environment, or another stage, may be promoted to, and may promote what succeeded before.
    if (current?.stage !== environment.stage)
      for (const each of [previousOf(application, name), name])
        if (each !== undefined) await notePromotion(transaction, { application: app, environment: each }, now);
    recordEnvironmentEvent(transaction, surroundings, {
      application: app,
      environment: name,
      type: 'configured',
      by,
      // Such an environment is from before names were compared. Its settings may change, and its names stay.
      ...(namesake && { reason: describeNamesake(place, namesake) }),
    });
    const details = changedSettings(current, environment, UNTOLD);
    if (Object.keys(details).length > 0)
      await recordAudit(transaction, surroundings, {
        application: app,
        environment: name,
        type: 'environment-configured',
        ...actorOf({ principal: by }),
        details,
      });
    return { environment, isNew: !current };
  });
}

/** Fields of an environment's record that the audit leaves out: they are no settings, or appear in no answer. */
const UNTOLD = ['application', 'name', 'type', 'externalId', 'removal', 'createdAt', 'updatedAt'];

/** Throws RefusedError if a live ephemeral environment has the name. A closed one does not matter. */
function requireNameFree(found: Environment | undefined): RegularEnvironment | undefined {
  if (found?.type !== 'ephemeral') return found;
  if (found.life.phase === 'closed') return undefined;
  throw new RefusedError('environment-exists', `"${found.name}" is an ephemeral environment of "${found.application}"`);
}

/** Withdraws the proofs of an environment that moves to another account or region, or that is made again. */
async function adaptState(
  transaction: Transaction,
  where: Place,
  current: RegularEnvironment | undefined,
  wanted: EnvironmentSettings,
): Promise<void> {
  const state = await transaction.get('environmentState', where);
  const moved = current ? requireMayChange(current, wanted, state) : [];
  if (state && !current) transaction.put('environmentState', withoutPast(state));
  if (moved.length === 0) return;
  if (state) transaction.put('environmentState', withoutProofs(state));
  // Nothing is left in the old account and region; the first plan in the new one claims a state address.
  await freeState(transaction, where);
}

/**
 * Returns the changed settings that move the environment to another account or region. Throws RefusedError if settings
 * change that an open deployment relies on, or if something deployed would be left behind.
 */
function requireMayChange(
  current: RegularEnvironment,
  wanted: EnvironmentSettings,
  state: EnvironmentState | undefined,
): string[] {
  const { name: environment } = current;
  const changed = (
    ['stage', 'accountId', 'region', 'stateBucket', 'backendConfigFile', 'lockTable', 'roles', 'dns'] as const
  ).filter((setting) => JSON.stringify(current[setting]) !== JSON.stringify(wanted[setting]));
  if (changed.length > 0 && isBusy(state))
    throw new RefusedError(
      'deployments-open',
      `${changed.join(', ')} of "${environment}" can change only while no deployment is open there`,
    );
  const moved = changed.filter((setting) => setting === 'accountId' || setting === 'region');
  if (moved.length > 0 && (state?.deployed || mayHoldResources(state)))
    throw new RefusedError(
      'something-deployed',
      state?.deployed
        ? `release ${state.deployed.release} is deployed in "${environment}"; destroy it before changing its ${moved.join(' and ')}`
        : `the Terraform state of "${environment}" may hold resources; destroy them before changing its ${moved.join(' and ')}`,
    );
  return moved;
}
