import { randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '../../persistence/database.ts';

/** A subscription of an e-mail address to a topic. Times are epoch milliseconds. */
export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly endpoint: string;
  /** What the link in the confirmation mail proves. */
  readonly token: string;
  readonly tokenExpiresAt: number;
  readonly isConfirmed: boolean;
  /** Confirmed by a signed call that disallows unsubscribing by the plain link of a mail. */
  readonly isUnsubscribeProtected: boolean;
  readonly filterPolicy: string | null;
  readonly filterPolicyScope: FilterPolicyScope;
  readonly createdAt: number;
}

export type FilterPolicyScope = 'MessageAttributes' | 'MessageBody';

/** Confirmation links of SNS are good for two days. */
const TOKEN_LIFETIME_MS = 2 * 24 * 3_600_000;

/** Subscriptions, written through. */
export interface Subscriptions {
  add(wanted: Pick<Subscription, 'topicArn' | 'endpoint' | 'filterPolicy' | 'filterPolicyScope'>): Subscription;
  put(subscription: Subscription): Subscription;
  remove(arn: string): void;
  find(arn: string): Subscription | undefined;
  /** Oldest first; SNS forgets who has not confirmed in time. */
  list(): Subscription[];
  renewToken(subscription: Subscription): Subscription;
}

export function createSubscriptions(database: Database, now: () => number): Subscriptions {
  const collection = database.collection<Subscription>('sns-subscriptions');
  const put = (subscription: Subscription): Subscription => {
    collection.put(subscription.arn, subscription);
    return subscription;
  };
  const newToken = (): Pick<Subscription, 'token' | 'tokenExpiresAt'> => ({
    token: randomBytes(64).toString('hex'),
    tokenExpiresAt: now() + TOKEN_LIFETIME_MS,
  });
  return {
    add: (wanted) =>
      put({
        ...wanted,
        ...newToken(),
        arn: `${wanted.topicArn}:${randomUUID()}`,
        isConfirmed: false,
        isUnsubscribeProtected: false,
        createdAt: now(),
      }),
    put,
    remove: (arn) => collection.delete(arn),
    find: (arn) => collection.get(arn),
    list: () =>
      collection
        .entries()
        .flatMap(([arn, subscription]) => {
          if (subscription.isConfirmed || subscription.tokenExpiresAt > now()) return [subscription];
          collection.delete(arn);
          return [];
        })
        .sort((a, b) => a.createdAt - b.createdAt),
    renewToken: (subscription) => put({ ...subscription, ...newToken() }),
  };
}
