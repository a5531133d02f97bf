import { NotFoundError, RefusedError } from '../errors.ts';
import type { Approver, ApproverSettings } from '../model/approver.ts';
import { actorOf } from '../model/audit.ts';
import { type Allowed, approverTag, requireAllowedTag } from '../model/request/settings-tag.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { ApproverMail, Store, Surroundings } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { changedSettings } from '../transaction/settings-change.ts';
import { requirePinnedSessions } from './pinned-sessions.ts';
import { requireDispensable } from './require-dispensable.ts';

/** Most subscriptions of the topic: SNS allows only this many filter policies on one topic. */
const MOST_SUBSCRIPTIONS = 200;

/**
 * Registers an approver, or changes one, and subscribes the address. A second call while the confirmation is pending
 * sends a new confirmation mail. Throws InvalidInputError, NotFoundError, RefusedError.
 */
export async function registerApprover(
  {
    store,
    mail,
    surroundings,
    pinnedSessionRoles,
  }: { store: Store; mail: ApproverMail; surroundings: Surroundings; pinnedSessionRoles: readonly string[] },
  application: string,
  email: string,
  settings: ApproverSettings,
  by: string,
  ifMatch?: Allowed,
): Promise<{ approver: Approver; isNew: boolean }> {
  requirePinnedSessions(settings.principals, pinnedSessionRoles);
  if (!(await store.get('application', { name: application }))) throw new NotFoundError('application', application);
  const before = await store.get('approver', { application, email });
  requireAllowedTag(ifMatch, before && approverTag(before));
  const losesGate = before && before.gates[0] !== settings.gates[0];
  const stillEnough = losesGate && (await requireDispensable({ store, mail }, before));
  const subscription = await subscribe(mail, email);
  const everywhere = await listAll(store, LISTINGS.approverEverywhere(email));
  return store.transact(async (transaction) => {
    // Checked again: the application may have been removed in the meantime.
    if (!(await transaction.get('application', { name: application })))
      throw new NotFoundError('application', application);
    if (stillEnough) await stillEnough(transaction);
    const current = await transaction.get('approver', { application, email });
    requireAllowedTag(ifMatch, current && approverTag(current));
    const createdAt = current?.createdAt ?? surroundings.now();
    // One subscription serves all applications of the person.
    const unsubscribeProtected = [...everywhere, ...(current ? [current] : [])].some(
      (known) => known.unsubscribeProtected && known.subscriptionArn === subscription.subscriptionArn,
    );
    const approver = { application, email, ...settings, ...subscription, unsubscribeProtected, createdAt };
    transaction.put('approver', approver);
    const changed = changedSettings(current && settingsOf(current), settings);
    if (!current || Object.keys(changed).length > 0)
      await recordAudit(transaction, surroundings, {
        application,
        type: current ? 'approver-changed' : 'approver-registered',
        ...actorOf({ principal: by }),
        details: { email, ...changed },
      });
    return { approver, isNew: !current };
  });
}

const settingsOf = ({ gates, principals }: Approver): ApproverSettings => ({ gates, principals });

async function subscribe(
  mail: ApproverMail,
  email: string,
): Promise<Pick<Approver, 'subscription' | 'subscriptionArn'>> {
  const subscriptions = await mail.subscriptions();
  const known = subscriptions.get(email);
  if (!known && subscriptions.size >= MOST_SUBSCRIPTIONS)
    throw new RefusedError(
      'approver-limit',
      `subscribing ${email}: the topic has ${subscriptions.size} subscriptions, at most ${MOST_SUBSCRIPTIONS} are possible`,
    );
  const arn = known?.confirmed ? known.arn : await mail.subscribe(email);
  return arn ? { subscription: 'confirmed', subscriptionArn: arn } : { subscription: 'pending' };
}
