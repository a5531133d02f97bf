import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { AwsError, type CallContext, type Door, type Operation, type RequiredPermission } from '../../door/wire.ts';
import { MessageAttributesSchema, passesFilter, requireFilterPolicy } from './filter-policy.ts';
import { confirmationMail, notificationMail } from './mail-texts.ts';
import type { Outbox } from './outbox.ts';
import type { Subscription, Subscriptions } from './subscriptions.ts';

export interface Topic {
  readonly arn: string;
  readonly displayName: string;
  /** Of the key that encrypts its messages at rest. */
  readonly keyArn: string | undefined;
}

interface SnsOperationsProps {
  readonly topics: ReadonlyMap<string, Topic>;
  readonly subscriptions: Subscriptions;
  readonly outbox: Outbox;
  readonly door: Pick<Door, 'authorize'>;
  readonly accountId: string;
  readonly region: string;
  /** Where the links of mails lead to. */
  readonly pagesUrl: () => string;
}

const MAX_MESSAGE_BYTES = 256 * 1024;
const PAGE_SIZE = 100;
/** AWS's quota per topic. */
const MAX_FILTER_POLICIES = 200;

const FlagSchema = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
const ScopeSchema = z.enum(['MessageAttributes', 'MessageBody']);
const SubscribeInput = z.strictObject({
  TopicArn: z.string(),
  Protocol: z.string(),
  Endpoint: z.string().optional(),
  ReturnSubscriptionArn: FlagSchema,
  Attributes: z
    .strictObject({ FilterPolicy: z.string().optional(), FilterPolicyScope: ScopeSchema.default('MessageAttributes') })
    .default({ FilterPolicyScope: 'MessageAttributes' }),
});
const ConfirmInput = z.strictObject({ TopicArn: z.string(), Token: z.string(), AuthenticateOnUnsubscribe: FlagSchema });
const SubscriptionInput = z.strictObject({ SubscriptionArn: z.string() });
const SetAttributesInput = z.strictObject({
  SubscriptionArn: z.string(),
  AttributeName: z.enum(['FilterPolicy', 'FilterPolicyScope']),
  AttributeValue: z.string().default(''),
});
const ListInput = z.strictObject({ NextToken: z.string().optional() });
const ListByTopicInput = z.strictObject({ TopicArn: z.string(), NextToken: z.string().optional() });
const TopicInput = z.strictObject({ TopicArn: z.string() });
const PublishInput = z.strictObject({
  TopicArn: z.string(),
  Message: z.string(),
  Subject: z.string().optional(),
  MessageAttributes: MessageAttributesSchema,
});

/** Confirms the subscription that a confirmation link belongs to; `undefined` when the token is none, or too old. */
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

/** The SNS API for topics of e-mail subscriptions. */
export function createSnsOperations(props: SnsOperationsProps): Record<string, Operation> {
  const { topics, subscriptions, outbox, accountId, pagesUrl } = props;
  const findTopic = (arn: string): Topic => {
    const topic = topics.get(arn);
    if (!topic) throw new AwsError('NotFound', 'Topic does not exist', 404);
    return topic;
  };
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
    GetTopicAttributes: {
      permissions: (input) => demand('GetTopicAttributes', parse(TopicInput, input).TopicArn),
      async perform(input) {
        const topic = findTopic(parse(TopicInput, input).TopicArn);
        const own = subscriptions.list().filter(({ topicArn }) => topicArn === topic.arn);
        const confirmed = own.filter(({ isConfirmed }) => isConfirmed).length;
        const attributes = {
          TopicArn: topic.arn,
          Owner: accountId,
          DisplayName: topic.displayName,
          SubscriptionsConfirmed: String(confirmed),
          SubscriptionsPending: String(own.length - confirmed),
          SubscriptionsDeleted: '0',
          ...(topic.keyArn === undefined ? {} : { KmsMasterKeyId: topic.keyArn }),
        };
        return { Attributes: new Map(Object.entries(attributes)) };
      },
    },
    Publish: {
      permissions: (input) => demand('Publish', parse(PublishInput, input).TopicArn),
      async perform(input, call) {
        const { TopicArn, Message, Subject, MessageAttributes } = parse(PublishInput, input);
        const topic = findTopic(TopicArn);
        requireMessage(Message, Subject);
        requireKey(props, topic, call);
        for (const subscription of subscriptions.list()) {
          const isReader = subscription.topicArn === topic.arn && subscription.isConfirmed;
          const { filterPolicy, filterPolicyScope } = subscription;
          if (
            !isReader ||
            !passesFilter(filterPolicy, filterPolicyScope, { text: Message, attributes: MessageAttributes })
          )
            continue;
          outbox.send({ to: subscription.endpoint, ...notificationMail(subscription, Message, Subject, pagesUrl()) });
        }
        return { MessageId: randomUUID() };
      },
    },
  };
}

function requireRoomForPolicy(known: readonly Subscription[], topicArn: string): void {
  const filtered = known.filter((each) => each.topicArn === topicArn && each.filterPolicy !== null);
  if (filtered.length >= MAX_FILTER_POLICIES)
    throw new AwsError('FilterPolicyLimitExceeded', `Filter policy limit exceeded for topic ${topicArn}`, 403);
}

const demand = (action: string, resource: string): RequiredPermission[] => [
  { action: `sns:${action}`, resources: [resource] },
];

const invalidParameter = (what: string): AwsError => new AwsError('InvalidParameter', `Invalid parameter: ${what}`);

function parse<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw invalidParameter(z.prettifyError(parsed.error));
}

/** SNS wants a subject of printable text in one line, shorter than 100 characters. */
function requireMessage(message: string, subject: string | undefined): void {
  if (message === '') throw invalidParameter('Empty message');
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) throw invalidParameter('Message too long');
  if (subject !== undefined && (subject === '' || subject.length >= 100 || /^\s|\p{Cc}/u.test(subject))) {
    throw invalidParameter('Subject');
  }
}

/** Who publishes to an encrypted topic must be allowed to use its key. */
function requireKey({ door, region }: SnsOperationsProps, { arn, keyArn }: Topic, { caller }: CallContext): void {
  if (keyArn === undefined) return;
  const context = { 'kms:ViaService': `sns.${region}.amazonaws.com`, 'kms:EncryptionContext:aws:sns:topicArn': arn };
  try {
    for (const action of ['kms:GenerateDataKey', 'kms:Decrypt'])
      door.authorize(caller, { action, resources: [keyArn], context });
  } catch (error) {
    throw error instanceof AwsError ? new AwsError('KMSAccessDenied', error.message) : error;
  }
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
