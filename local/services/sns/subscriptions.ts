import { randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '../../persistence/database.ts';

/** A subscription of an e-mail address to a topic. Times are epoch milliseconds. */
export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly endpoint: string;
  /** The secret in the link of the confirmation mail, which proves that the subscriber got the mail. */
  readonly token: string;
  readonly tokenExpiresAt: number;
  readonly isConfirmed: boolean;
  /** True when a signed call confirmed the subscription and disallowed unsubscribing by the plain link in a mail. */
  readonly isUnsubscribeProtected: boolean;
  readonly filterPolicy: string | null;
  readonly filterPolicyScope: FilterPolicyScope;
  readonly createdAt: number;
}

export type FilterPolicyScope = 'MessageAttributes' | 'MessageBody';

/** Milliseconds for which confirmation links of SNS are valid: two days. */
const TOKEN_LIFETIME_MS = 2 * 24 * 3_600_000;

/** The subscriptions; every change is in the database before the call returns. */
export interface Subscriptions {
  add(wanted: Pick<Subscription, 'topicArn' | 'endpoint' | 'filterPolicy' | 'filterPolicyScope'>): Subscription;
  put(subscription: Subscription): Subscription;
  remove(arn: string): void;
  find(arn: string): Subscription | undefined;
  /** Returns the subscriptions, oldest first. Like SNS, it deletes those that were not confirmed in time. */
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
