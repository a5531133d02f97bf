import * as z from 'zod';
import { AwsError, type Operation } from '../../door/wire.ts';
import { requireFilterPolicy } from './filter-policy.ts';
import { confirmationMail } from './mail-texts.ts';
import {
  ConfirmInput,
  demand,
  invalidParameter,
  ListByTopicInput,
  ListInput,
  parse,
  ScopeSchema,
  SetAttributesInput,
  SubscribeInput,
  SubscriptionInput,
} from './sns-inputs.ts';
import type { SnsStore } from './sns-store.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';

const PAGE_SIZE = 100;
/** AWS's quota of filter policies per topic. */
const MAX_FILTER_POLICIES = 200;

/**
 * Confirms the subscription that a confirmation link belongs to. Returns undefined when the token is unknown or too
 * old.
 */
export function confirmSubscription(
  subscriptions: Subscriptions,
  topicArn: string,
  token: string,
  isUnsubscribeProtected: boolean,
): Subscription | undefined {
  const isMeant = (known: Subscription): boolean => known.topicArn === topicArn && known.token === token;
  const subscription = subscriptions.list().find(isMeant);
  if (!subscription || subscription.isConfirmed) return subscription;
  return subscriptions.put({ ...subscription, isConfirmed: true, isUnsubscribeProtected });
}

/** Makes the SNS operations on e-mail subscriptions. Links in mails begin with `pagesUrl`. */
export function subscriptionOperations(
  { findTopic, subscriptions, outbox }: SnsStore,
  { accountId, pagesUrl }: { readonly accountId: string; readonly pagesUrl: () => string },
): Record<string, Operation> {
  const findSubscription = (arn: string): Subscription => {
    const subscription = subscriptions.find(arn);
    if (!subscription) throw new AwsError('NotFound', 'Subscription does not exist', 404);
    return subscription;
  };
  const page = (list: readonly Subscription[], nextToken: string | undefined) => {
    const start = nextToken === undefined ? 0 : Number(Buffer.from(nextToken, 'base64').toString('utf8'));
    if (!Number.isInteger(start)) throw invalidParameter('NextToken');
    const end = start + PAGE_SIZE;
    return {
      Subscriptions: list.slice(start, end).map((subscription) => ({
        SubscriptionArn: subscription.isConfirmed ? subscription.arn : 'PendingConfirmation',
        Owner: accountId,
        Protocol: 'email',
        Endpoint: subscription.endpoint,
        TopicArn: subscription.topicArn,
      })),
      NextToken: end < list.length ? Buffer.from(String(end)).toString('base64') : undefined,
    };
  };
  const askForConfirmation = (subscription: Subscription): void => {
    outbox.send({ to: subscription.endpoint, ...confirmationMail(subscription, pagesUrl()) });
  };

  return {
    Subscribe: {
      permissions(input) {
        const { TopicArn, Protocol, Endpoint } = parse(SubscribeInput, input);
        const context = { 'sns:Protocol': Protocol, ...(Endpoint === undefined ? {} : { 'sns:Endpoint': Endpoint }) };
        return [{ action: 'sns:Subscribe', resources: [TopicArn], context }];
      },
      async perform(input) {
        const { TopicArn, Protocol, Endpoint = '', ReturnSubscriptionArn, Attributes } = parse(SubscribeInput, input);
        const { arn: topicArn } = findTopic(TopicArn);
        if (Protocol !== 'email') {
          throw invalidParameter(`Protocol Reason: "${Protocol}" is not supported by the local cloud (only email is)`);
        }
        if (!z.email().safeParse(Endpoint).success) throw invalidParameter('Email address');
        const { FilterPolicy: filterPolicy = null, FilterPolicyScope: filterPolicyScope } = Attributes;
        if (filterPolicy !== null) requireFilterPolicy(filterPolicy);
        const existing = subscriptions
          .list()
          .find((known) => known.topicArn === topicArn && known.endpoint === Endpoint);
        if (existing && (existing.filterPolicy !== filterPolicy || existing.filterPolicyScope !== filterPolicyScope)) {
          throw invalidParameter('Attributes Reason: Subscription already exists with different attributes');
        }
        if (existing?.isConfirmed) return { SubscriptionArn: existing.arn };
        if (!existing && filterPolicy !== null) requireRoomForPolicy(subscriptions.list(), topicArn);
        const subscription = existing
          ? subscriptions.renewToken(existing)
          : subscriptions.add({ topicArn, endpoint: Endpoint, filterPolicy, filterPolicyScope });
        askForConfirmation(subscription);
        return { SubscriptionArn: ReturnSubscriptionArn ? subscription.arn : 'pending confirmation' };
      },
    },
    ConfirmSubscription: {
      permissions: (input) => demand('ConfirmSubscription', parse(ConfirmInput, input).TopicArn),
      async perform(input) {
        const { TopicArn, Token, AuthenticateOnUnsubscribe } = parse(ConfirmInput, input);
        findTopic(TopicArn);
        const confirmed = confirmSubscription(subscriptions, TopicArn, Token, AuthenticateOnUnsubscribe);
        if (!confirmed) throw invalidParameter('Token');
        return { SubscriptionArn: confirmed.arn };
      },
    },
    Unsubscribe: {
      permissions: () => demand('Unsubscribe', '*'),
      async perform(input) {
        const { SubscriptionArn } = parse(SubscriptionInput, input);
        if (!SubscriptionArn.startsWith('arn:')) {
          throw invalidParameter(`SubscriptionArn Reason: "${SubscriptionArn}" is no ARN`);
        }
        subscriptions.remove(SubscriptionArn);
        return {};
      },
    },
    GetSubscriptionAttributes: {
      permissions: () => demand('GetSubscriptionAttributes', '*'),
      async perform(input) {
        const subscription = findSubscription(parse(SubscriptionInput, input).SubscriptionArn);
        return { Attributes: new Map(Object.entries(describeSubscription(subscription, accountId))) };
      },
    },
    SetSubscriptionAttributes: {
      permissions: () => demand('SetSubscriptionAttributes', '*'),
      async perform(input) {
        const { SubscriptionArn, AttributeName, AttributeValue } = parse(SetAttributesInput, input);
        const subscription = findSubscription(SubscriptionArn);
        if (AttributeName === 'FilterPolicyScope') {
          subscriptions.put({ ...subscription, filterPolicyScope: parse(ScopeSchema, AttributeValue) });
          return {};
        }
        if (AttributeValue !== '') requireFilterPolicy(AttributeValue);
        subscriptions.put({ ...subscription, filterPolicy: AttributeValue === '' ? null : AttributeValue });
        return {};
      },
    },
    ListSubscriptions: {
      permissions: () => demand('ListSubscriptions', '*'),
      perform: async (input) => page(subscriptions.list(), parse(ListInput, input).NextToken),
    },
    ListSubscriptionsByTopic: {
      permissions: (input) => demand('ListSubscriptionsByTopic', parse(ListByTopicInput, input).TopicArn),
      async perform(input) {
        const { TopicArn, NextToken } = parse(ListByTopicInput, input);
        findTopic(TopicArn);
        return page(
          subscriptions.list().filter(({ topicArn }) => topicArn === TopicArn),
          NextToken,
        );
      },
    },
  };
}

function requireRoomForPolicy(known: readonly Subscription[], topicArn: string): void {
  const filtered = known.filter((each) => each.topicArn === topicArn && each.filterPolicy !== null);
  if (filtered.length >= MAX_FILTER_POLICIES)
    throw new AwsError('FilterPolicyLimitExceeded', `Filter policy limit exceeded for topic ${topicArn}`, 403);
}

function describeSubscription(subscription: Subscription, accountId: string): Record<string, string> {
  const { arn, topicArn, endpoint, isConfirmed, isUnsubscribeProtected, filterPolicy, filterPolicyScope } =
    subscription;
  return {
    SubscriptionArn: arn,
    TopicArn: topicArn,
    Protocol: 'email',
    Endpoint: endpoint,
    Owner: accountId,
    PendingConfirmation: String(!isConfirmed),
    ConfirmationWasAuthenticated: String(isUnsubscribeProtected),
    RawMessageDelivery: 'false',
    ...(filterPolicy === null ? {} : { FilterPolicy: filterPolicy, FilterPolicyScope: filterPolicyScope }),
  };
}
