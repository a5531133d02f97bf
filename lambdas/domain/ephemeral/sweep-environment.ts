import { approversFor } from '../approval/request-approval.ts';
import type { Applies } from '../contract/applies.ts';
import { type Deployment, describeContent, isTerminal } from '../model/deployment.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';
import { dueWarning, isGivenUp, nextAttemptAt } from '../model/ephemeral-environment.ts';
import { withoutLive } from '../model/ephemeral-register.ts';
import { principalText } from '../model/principal.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { ApproverMail, Store, Surroundings, Transaction } from '../ports.ts';
import { carryOut, type EffectServices, type Effects, NO_EFFECTS } from '../transaction/effects.ts';
import { recordEnvironmentEvent } from '../transaction/record-environment-event.ts';
import { beginClosing, destroyAgain, openDeployments } from './close-ephemeral.ts';
import { stateOf } from './deploy-ephemeral.ts';
import { type Letter, stuckMail, warningMail } from './ephemeral-mail.ts';
import { deployHead } from './follow-branch.ts';

export type SweepServices = EffectServices & {
  readonly mail: ApproverMail;
  readonly surroundings: Surroundings;
  /** Seconds between the first two attempts to destroy; each further pause is twice as long, up to an hour. */
  readonly firstPauseSeconds: number;
  readonly applies: Applies;
};

interface Place {
  readonly application: string;
  readonly environment: string;
}

export interface Swept extends Place {
  /** `stuck`: destroying the environment was given up. `failed`: its sweep failed. A person has to look at both. */
  readonly action: 'closing' | 'destroying' | 'deploying' | 'warned' | 'stuck' | 'forgotten' | 'failed';
  readonly why: string;
}

const CLOCK = { principal: principalText({ kind: 'expired' }) };

/** Checks one environment, and does what is due there. */
export async function sweepEnvironment(services: SweepServices, place: Place): Promise<Swept[]> {
  const { application, environment: name } = place;
  const environment = await services.store.get('environment', { application, name });
  if (environment?.type !== 'ephemeral' || environment.life.phase === 'closed') return forget(services, place);
  if (environment.life.phase === 'closing') return destroyWhenDue(services, environment);
  const ended = await closeExpired(services, environment);
  if (ended.length > 0) return ended;
  return [...(await deployLost(services, environment)), ...(await warnWhenDue(services, environment))];
}

/** Takes an environment that is not live off the register; only a crash or an edited table leaves such an entry. */
async function forget({ store }: SweepServices, place: Place): Promise<Swept[]> {
  return store.transact(async (transaction) => {
    const { application, environment: name } = place;
    const environment = await transaction.get('environment', { application, name });
    const register = await transaction.get('ephemeralRegister', {});
    const isLive = environment?.type === 'ephemeral' && environment.life.phase !== 'closed';
    const isListed = register?.live.some((each) => each.application === application && each.environment === name);
    if (isLive || !register || !isListed) return [];
    transaction.put('ephemeralRegister', withoutLive(register, place));
    return [{ ...place, action: 'forgotten', why: 'it is not live' }];
  });
}

/** Changes an environment in one transaction; `decide` returns undefined if there is nothing to do (any more). */
async function change(
  services: SweepServices,
  { application: app, name }: EphemeralEnvironment,
  decide: (
    transaction: Transaction,
    environment: EphemeralEnvironment,
  ) => Promise<(Swept & { effects: Effects }) | undefined>,
): Promise<Swept[]> {
  const done = await services.store.transact(async (transaction) => {
    const environment = await transaction.get('environment', { application: app, name });
    return environment?.type === 'ephemeral' ? decide(transaction, environment) : undefined;
  });
  if (!done) return [];
  const { effects, ...swept } = done;
  await carryOut(services, effects);
  return [swept];
}

const placeOf = ({ application, name }: EphemeralEnvironment): Place => ({ application, environment: name });

/** Closes nothing while applies are banned: in a table that was set back, an extension of the time may be lost. */
async function closeExpired(services: SweepServices, environment: EphemeralEnvironment): Promise<Swept[]> {
  const { surroundings, applies } = services;
  if (applies === 'banned') return [];
  return change(services, environment, async (transaction, current) => {
    const application = await transaction.get('application', { name: current.application });
    const isOver = current.life.phase === 'open' && current.expiresAt <= surroundings.now();
    if (!application || !isOver) return undefined;
    const effects = await beginClosing(
      transaction,
      application,
      current,
      { cause: 'expired', by: CLOCK },
      surroundings,
    );
    return { ...placeOf(current), action: 'closing', why: `its time was over at ${current.expiresAt}`, effects };
  });
}

/** Deploys a push that arrived while the environment was being made, or whose event was lost. */
function deployLost(services: SweepServices, environment: EphemeralEnvironment): Promise<Swept[]> {
  return change(services, environment, async (transaction, current) => {
    const application = await transaction.get('application', { name: current.application });
    const effects = application
      ? await deployHead(transaction, application, current, services.surroundings)
      : NO_EFFECTS;
    return effects === NO_EFFECTS
      ? undefined
      : { ...placeOf(current), action: 'deploying', why: `branch ${current.branch} has a newer head`, effects };
  });
}

async function warnWhenDue(services: SweepServices, environment: EphemeralEnvironment): Promise<Swept[]> {
  const { surroundings } = services;
  const { life, expiresAt } = environment;
  const seconds = life.phase === 'open' ? dueWarning(life, expiresAt, surroundings.now()) : undefined;
  if (seconds === undefined) return [];
  const warned = await tell(services, environment, warningMail(environment, seconds));
  return change(services, environment, async (transaction, current) => {
    // If the environment was extended meanwhile, the warning was about the former end and does not count.
    if (current.life.phase !== 'open' || current.expiresAt !== expiresAt) return undefined;
    transaction.put('environment', { ...current, life: { ...current.life, warnedSeconds: seconds } });
    const why = `${seconds} s before its end, told to ${warned.join(', ') || 'nobody: no staff approver is subscribed'}`;
    recordEnvironmentEvent(transaction, surroundings, {
      ...placeOf(current),
      type: 'warned',
      by: CLOCK.principal,
      reason: why,
    });
    return { ...placeOf(current), action: 'warned', why, effects: NO_EFFECTS };
  });
}

/** Mails the staff approvers of the application, and the creator of the environment if that is an approver. */
async function tell(
  { store, mail }: SweepServices,
  { application, createdBy }: EphemeralEnvironment,
  letter: Letter,
): Promise<string[]> {
  const staff = await approversFor(store, application, 'staff');
  const wanted = new Set([...staff.map(({ email }) => email), ...(createdBy.approver ? [createdBy.approver] : [])]);
  const subscriptions = await mail.subscriptions();
  const reached = [...wanted].filter((email) => subscriptions.get(email)?.confirmed);
  for (const email of reached) await mail.send(email, letter);
  return reached;
}

async function destroyWhenDue(services: SweepServices, environment: EphemeralEnvironment): Promise<Swept[]> {
  const { store, surroundings, firstPauseSeconds } = services;
  const newest = await newestDeployment(store, environment);
  if (newest && !isTerminal(newest.status)) return [];
  const swept = await change(services, environment, async (transaction, current) => {
    const { life } = current;
    if (life.phase !== 'closing' || life.stuckAt !== undefined) return undefined;
    const application = await transaction.get('application', { name: current.application });
    const open = await openDeployments(transaction, await stateOf(transaction, current));
    if (!application || open.length > 0) return undefined;
    const now = surroundings.now();
    const why = newest ? explain(newest) : 'its destruction was never begun';
    if (isGivenUp(life.attempts)) {
      transaction.put('environment', { ...current, life: { ...life, stuckAt: now }, updatedAt: now });
      const event = {
        ...placeOf(current),
        type: 'destruction-stuck' as const,
        by: CLOCK.principal,
        reason: why.slice(0, 500),
      };
      recordEnvironmentEvent(transaction, surroundings, event);
      return { ...placeOf(current), action: 'stuck', why, effects: NO_EFFECTS };
    }
    if (now < nextAttemptAt(life.attempts, endOf(newest) ?? life.at, firstPauseSeconds)) return undefined;
    const closing = { ...current, life };
    const effects = await destroyAgain(transaction, application, closing, surroundings);
    return { ...placeOf(current), action: 'destroying', why, effects };
  });
  if (swept.some(({ action }) => action === 'stuck')) await reportStuck(services, environment, swept[0]?.why ?? '');
  return swept;
}

/** Throws UnreadableRecordError rather than to take an older deployment for the newest. */
async function newestDeployment(
  store: Store,
  { application, name }: EphemeralEnvironment,
): Promise<Deployment | undefined> {
  const { items, unreadable } = await store.list(LISTINGS.history(application, name), { limit: 1 });
  if (unreadable[0]) throw unreadable[0];
  return items[0];
}

const endOf = (deployment: Deployment | undefined): string | undefined =>
  deployment && 'endedAt' in deployment ? deployment.endedAt : undefined;

const explain = (deployment: Deployment): string =>
  'error' in deployment
    ? `${deployment.id} ended ${deployment.status}: ${deployment.error.message}`
    : `${deployment.id} (${describeContent(deployment)}) left something in its Terraform state`;

async function reportStuck(services: SweepServices, environment: EphemeralEnvironment, why: string): Promise<void> {
  await services.events.publish('EnvironmentStuck', { ...placeOf(environment), reason: why });
  await tell(services, environment, stuckMail(environment, why));
}
