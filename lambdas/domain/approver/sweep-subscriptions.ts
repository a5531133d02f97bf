import { createHash } from 'node:crypto';
import { RefusedError } from '../errors.ts';
import { sameJson } from '../json-value.ts';
import type { Approver } from '../model/approver.ts';
import { SYSTEM } from '../model/audit.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { ApproverMail, Store, Subscription, Surroundings } from '../ports.ts';
import { listReadable } from '../transaction/list-all.ts';
import { recordAudit } from '../transaction/record-audit.ts';

interface Services {
  readonly store: Store;
  readonly mail: ApproverMail;
  readonly surroundings: Surroundings;
}

export interface LostApprover {
  readonly application: string;
  readonly email: string;
}

export interface Sweep {
  /** Approvers whose confirmed subscription is gone. */
  readonly lost: readonly LostApprover[];
  /** Errors that stopped the check of an approver; the next sweep tries again. */
  readonly failures: readonly unknown[];
}

/**
 * Compares every approver's recorded subscription with what SNS reports, and records the difference. An approver whose
 * confirmed subscription is gone becomes `lost`. They are subscribed again once, which mails them a new confirmation;
 * after that a person has to look. An approver who never confirmed is left alone: the address may be a stranger's.
 * Reads approvers only if SNS says something else than at the last sweep that compared all of them, and once a day.
 */
export async function sweepSubscriptions(services: Services): Promise<Sweep> {
  const { store, mail, surroundings } = services;
  const last = await store.get('subscriptionSweep', {});
  const isRecent = last && Date.parse(surroundings.now()) - Date.parse(last.at) < LONGEST_REST_MS;
  if (isRecent && last.digest === digestOf(await mail.subscriptions())) return { lost: [], failures: [] };
  const applications = await listReadable(store, LISTINGS.applications());
  const approvers: Approver[] = [];
  let isComplete = applications.unreadable.length === 0;
  for (const { name } of applications.items) {
    const { items, unreadable } = await listReadable(store, LISTINGS.approvers(name));
    approvers.push(...items);
    isComplete &&= unreadable.length === 0;
  }
  // Read after the records, so that a subscription that is confirmed in between does not count as lost.
  const subscriptions = new Map(await mail.subscriptions());
  const digest = digestOf(subscriptions);
  const lost: LostApprover[] = [];
  const failures: unknown[] = [];
  for (const approver of approvers)
    try {
      if (isGone(approver, subscriptions.get(approver.email))) await subscribeAgain(mail, approver, subscriptions);
      const outcome = await writeDown(services, approver, subscriptions.get(approver.email));
      if (outcome === 'skipped') isComplete = false;
      if (outcome === 'lost') lost.push({ application: approver.application, email: approver.email });
    } catch (error) {
      failures.push(error);
    }
  if (isComplete && failures.length === 0) await keepDigest(services, digest);
  return { lost, failures };
}

/** Time after which all approvers are compared again, although SNS says the same: a record may have been changed. */
const LONGEST_REST_MS = 24 * 3600_000;

const digestOf = (subscriptions: ReadonlyMap<string, Subscription>): string => {
  const lines = [...subscriptions].map(([email, { arn, confirmed }]) => JSON.stringify([email, arn, confirmed]));
  return createHash('sha256').update(lines.sort().join()).digest('hex');
};

const keepDigest = ({ store, surroundings }: Services, digest: string): Promise<void> =>
  store.transact(async (transaction) => {
    await transaction.get('subscriptionSweep', {});
    transaction.put('subscriptionSweep', { digest, at: surroundings.now() });
  });

const isGone = ({ subscription }: Approver, live: Subscription | undefined): boolean =>
  subscription === 'confirmed' && !live?.confirmed;

/** Subscribes again, unless the topic is full. SNS returns an ARN if the subscription exists: its lists lag behind. */
async function subscribeAgain(
  mail: ApproverMail,
  { email }: Approver,
  subscriptions: Map<string, Subscription>,
): Promise<void> {
  const isAsked = subscriptions.get(email)?.confirmed === false;
  if (isAsked) return;
  try {
    const arn = await mail.subscribe(email);
    subscriptions.set(email, arn ? { confirmed: true, arn } : { confirmed: false });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
  }
}

/** Writes what SNS says. `lost`: they have just become lost. `skipped`: the record changed meanwhile, and stays. */
async function writeDown(
  { store, surroundings }: Services,
  seen: Approver,
  live: Subscription | undefined,
): Promise<'kept' | 'written' | 'lost' | 'skipped'> {
  const found = compare(seen, live);
  if (sameJson(found, seen)) return 'kept';
  const { application, email } = seen;
  return store.transact(async (transaction) => {
    const current = await transaction.get('approver', { application, email });
    if (!current || !sameJson(current, seen)) return 'skipped';
    transaction.put('approver', found);
    if (found.subscription !== 'lost') return 'written';
    const details = { email, gates: seen.gates };
    await recordAudit(transaction, surroundings, { application, type: 'approver-lost', ...SYSTEM, details });
    return 'lost';
  });
}

function compare({ subscriptionArn, ...approver }: Approver, live: Subscription | undefined): Approver {
  if (live?.confirmed) {
    const isSame = live.arn === subscriptionArn;
    const unsubscribeProtected = isSame && approver.unsubscribeProtected;
    return {
      ...approver,
      subscription: 'confirmed',
      unsubscribeProtected,
      ...(live.arn && { subscriptionArn: live.arn }),
    };
  }
  if (approver.subscription === 'confirmed') return { ...approver, subscription: 'lost', unsubscribeProtected: false };
  return { ...approver, ...(subscriptionArn && { subscriptionArn }) };
}
