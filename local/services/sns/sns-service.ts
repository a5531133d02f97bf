import * as z from 'zod';
import { BooleanProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import { type Clock, systemClock } from '../../clock.ts';
import type { LocalRoutes } from '../../door/local-route.ts';
import { createQueryProtocol } from '../../door/query-protocol.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import type { Mail } from './outbox.ts';
import { createSnsPages } from './sns-pages.ts';
import { createSnsStore } from './sns-store.ts';
import { confirmSubscription, subscriptionOperations } from './subscription-operations.ts';
import { topicOperations } from './topic-operations.ts';

/** SNS topics; their e-mails go to an outbox and contain working links. */
export interface SnsService extends LocalService {
  /** Returns all mails, oldest first. */
  mails(): readonly Mail[];
  /** The pages that the links in mails open. */
  readonly localRoutes: LocalRoutes;
}

interface SnsServiceProps {
  /** URL at which `localRoutes` are served. */
  readonly pagesUrl: () => string;
  /** Returns the ARN of a KMS key; throws when there is no such key. */
  readonly resolveKeyArn: (keyId: string) => string;
  readonly clock?: Clock;
}

const TopicProperties = z.strictObject({
  TopicName: z.string().optional(),
  DisplayName: z.string().default(''),
  FifoTopic: BooleanProperty.pipe(z.literal(false)).optional(),
  KmsMasterKeyId: z.string().optional(),
  SignatureVersion: z.string().optional(),
  TracingConfig: z.string().optional(),
  Tags: TagsProperty,
});
const TopicPolicyProperties = z.strictObject({ Topics: z.array(z.string()).min(1), PolicyDocument: z.unknown() });

/** Makes SNS. Subscribers are e-mail addresses; any other protocol is refused with an error that names it. */
export function createSnsService(
  { accountId, region, door, database }: Pick<LocalContext, 'accountId' | 'region' | 'door' | 'database'>,
  { pagesUrl, resolveKeyArn, clock = systemClock }: SnsServiceProps,
): SnsService {
  const store = createSnsStore(database, () => clock.now());
  const { subscriptions, outbox } = store;
  return {
    service: {
      signingName: 'sns',
      protocol: createQueryProtocol({ namespace: 'http://sns.amazonaws.com/doc/2010-03-31/' }),
      accessDenied: { code: 'AuthorizationError', status: 403 },
      operations: {
        ...subscriptionOperations(store, { accountId, pagesUrl }),
        ...topicOperations(store, { accountId, region, door, pagesUrl }),
      },
    },
    provisioners: {
      'AWS::SNS::Topic'(resource) {
        const {
          TopicName = resource.generatedName,
          DisplayName,
          KmsMasterKeyId,
        } = parseProperties(resource, TopicProperties);
        const arn = `arn:aws:sns:${region}:${accountId}:${TopicName}`;
        const keyArn = KmsMasterKeyId === undefined ? undefined : resolveKeyArn(KmsMasterKeyId);
        store.putTopic({ arn, displayName: DisplayName, keyArn });
        return { ref: arn, attributes: { TopicArn: arn, TopicName } };
      },
      'AWS::SNS::TopicPolicy'(resource) {
        const { Topics, PolicyDocument } = parseProperties(resource, TopicPolicyProperties);
        for (const topicArn of Topics) door.setResourcePolicy(topicArn, PolicyDocument);
        return { ref: resource.generatedName, attributes: { Id: resource.generatedName } };
      },
    },
    mails: () => outbox.mails(),
    localRoutes: createSnsPages(subscriptions, (topicArn, token) =>
      confirmSubscription(subscriptions, topicArn, token, false),
    ),
  };
}
