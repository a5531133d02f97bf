import { RefusedError } from '../errors.ts';
import { sameJson } from '../json-value.ts';
import type { Approver } from '../model/approver.ts';
import { SYSTEM } from '../model/audit.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { ApproverMail, Store, Subscription, Surroundings } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';
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
  /** Approvers found without the subscription they had confirmed. */
  readonly lost: readonly LostApprover[];
  /** What could not be looked after now; the next sweep tries again. */
  readonly failures: readonly unknown[];
}

/**
 * Compares what was recorded of every approver's subscription with what SNS says, and writes down the difference. Who
 * had confirmed and is gone is `lost`: they are subscribed again, which mails them a new confirmation, once; after that
 * somebody has to look. Who never confirmed is left alone: the address may be a stranger's.
 */
export async function sweepSubscriptions(services: Services): Promise<Sweep> {
  const { store, mail } = services;
  const approvers: Approver[] = [];
  for (const { name } of await listAll(store, LISTINGS.applications()))
    approvers.push(...(await listAll(store, LISTINGS.approvers(name))));
  // Asked after the records were read: what was confirmed in between is then not taken for lost.
  const subscriptions = new Map(await mail.subscriptions());
  const lost: LostApprover[] = [];
  const failures: unknown[] = [];
  for (const approver of approvers)
    try {
      if (isGone(approver, subscriptions.get(approver.email))) await subscribeAgain(mail, approver, subscriptions);
      const isLost = await writeDown(services, approver, subscriptions.get(approver.email));
      if (isLost) lost.push({ application: approver.application, email: approver.email });
    } catch (error) {
      failures.push(error);
    }
  return { lost, failures };
}

const isGone = ({ subscription }: Approver, live: Subscription | undefined): boolean =>
  subscription === 'confirmed' && !live?.confirmed;

/** SNS answers an ARN for a subscription that is there after all: its lists lag behind. A full topic refuses. */
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

/** Answers whether the approver was lost just now. A record that changed meanwhile is left for the next sweep. */
async function writeDown(
  { store, surroundings }: Services,
  seen: Approver,
  live: Subscription | undefined,
): Promise<boolean> {
  const found = compare(seen, live);
  if (sameJson(found, seen)) return false;
  const { application, email } = seen;
  return store.transact(async (transaction) => {
    const current = await transaction.get('approver', { application, email });
    if (!current || !sameJson(current, seen)) return false;
    transaction.put('approver', found);
    if (found.subscription !== 'lost') return false;
    const details = { email, gates: seen.gates };
    await recordAudit(transaction, surroundings, { application, type: 'approver-lost', ...SYSTEM, details });
    return true;
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
