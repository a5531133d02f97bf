import { parseProperties } from '../../assembly/properties.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { Queue, type QueueMessage } from './queue.ts';
import { QueuePolicyProperties, QueueProperties } from './queue-properties.ts';
import { QueueStore, queueNameIn } from './queue-store.ts';
import { createSqsOperations } from './sqs-operations.ts';

export interface QueueView {
  readonly name: string;
  readonly arn: string;
  readonly messages: readonly QueueMessage[];
}

/** SQS standard queues, which the local cloud uses for dead letters. */
export interface SqsService extends LocalService {
  queues(): readonly QueueView[];
}

interface SqsServiceProps {
  /** Returns the ARN of a KMS key; throws when there is no such key. */
  readonly resolveKeyArn: (keyId: string) => string;
  readonly clock?: Clock;
}

/** Makes SQS. As on AWS, senders and receivers of an encrypted queue need permissions on its key. */
export function createSqsService(
  { accountId, region, door, database }: Pick<LocalContext, 'accountId' | 'region' | 'door' | 'database'>,
  { resolveKeyArn, clock = systemClock }: SqsServiceProps,
): SqsService {
  const queues = new QueueStore(accountId, region);
  return {
    service: {
      signingName: 'sqs',
      protocol: createJsonProtocol({ targetPrefix: 'AmazonSQS', version: '1.0' }),
      accessDenied: { code: 'AccessDenied', status: 403 },
      operations: createSqsOperations(queues, clock),
    },
    provisioners: {
      'AWS::SQS::Queue'(resource) {
        const properties = parseProperties(resource, QueueProperties);
        const name = properties.QueueName ?? resource.generatedName;
        const { KmsMasterKeyId } = properties;
        queues.put(
          new Queue({
            name,
            arn: queues.arnOf(name),
            retentionSeconds: properties.MessageRetentionPeriod,
            visibilitySeconds: properties.VisibilityTimeout,
            maximumBytes: properties.MaximumMessageSize,
            keyArn: KmsMasterKeyId === undefined ? undefined : resolveKeyArn(KmsMasterKeyId),
            messages: database.collection<QueueMessage>(`sqs-messages/${name}`),
            now: () => clock.now(),
          }),
        );
        return {
          ref: queues.urlOf(name),
          attributes: { Arn: queues.arnOf(name), QueueName: name, QueueUrl: queues.urlOf(name) },
          // The messages stay in the database, because a queue whose settings change is removed and made again.
          remove: () => queues.remove(name),
        };
      },
      'AWS::SQS::QueuePolicy'(resource) {
        const { Queues, PolicyDocument } = parseProperties(resource, QueuePolicyProperties);
        const arns = Queues.map((url) => queues.require(queueNameIn(url)).props.arn);
        const setPolicies = (policy: unknown): void => {
          for (const arn of arns) door.setResourcePolicy(arn, policy);
        };
        setPolicies(PolicyDocument);
        return {
          ref: resource.generatedName,
          attributes: {},
          remove: () => setPolicies({ Version: '2012-10-17', Statement: [] }),
        };
      },
    },
    queues: () =>
      queues.list().map((queue) => ({
        name: queue.props.name,
        arn: queue.props.arn,
        messages: queue.messages(),
      })),
  };
}
