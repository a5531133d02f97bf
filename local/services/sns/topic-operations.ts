import { randomUUID } from 'node:crypto';
import { AwsError, type CallContext, type Operation } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import { passesFilter } from './filter-policy.ts';
import { notificationMail } from './mail-texts.ts';
import { demand, PublishInput, parse, requireMessage, TopicInput } from './sns-inputs.ts';
import type { SnsStore, Topic } from './sns-store.ts';

interface TopicOperationsProps extends Pick<LocalContext, 'accountId' | 'region' | 'door'> {
  /** URL at which the links in mails begin. */
  readonly pagesUrl: () => string;
}

/** Makes the SNS operations on topics. */
export function topicOperations(
  { findTopic, subscriptions, outbox }: SnsStore,
  props: TopicOperationsProps,
): Record<string, Operation> {
  const { accountId, pagesUrl } = props;
  return {
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

/** Throws unless the caller may use the key of an encrypted topic, which publishing needs. */
function requireKey({ door, region }: TopicOperationsProps, { arn, keyArn }: Topic, { caller }: CallContext): void {
  if (keyArn === undefined) return;
  const context = { 'kms:ViaService': `sns.${region}.amazonaws.com`, 'kms:EncryptionContext:aws:sns:topicArn': arn };
  try {
    for (const action of ['kms:GenerateDataKey', 'kms:Decrypt'])
      door.authorize(caller, { action, resources: [keyArn], context });
  } catch (error) {
    throw error instanceof AwsError ? new AwsError('KMSAccessDenied', error.message) : error;
  }
}
