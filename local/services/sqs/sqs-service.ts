import * as z from 'zod';
import { parseProperties } from '../../assembly/properties.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import { AwsError, type Operation, type RequiredPermission } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { md5, Queue, type QueueMessage } from './queue.ts';
import { QueuePolicyProperties, QueueProperties } from './queue-properties.ts';

export interface QueueView {
  readonly name: string;
  readonly arn: string;
  readonly messages: readonly QueueMessage[];
}

/** SQS: standard queues, which the local cloud uses for dead letters. */
export interface SqsService extends LocalService {
  queues(): readonly QueueView[];
}

interface SqsServiceProps {
  /** The ARN of a KMS key; throws when there is none. */
  readonly resolveKeyArn: (keyId: string) => string;
  readonly clock?: Clock;
}

const MessageAttributesSchema = z
  .record(z.string(), z.strictObject({ DataType: z.string(), StringValue: z.string().optional() }))
  .default({});
const QueueInput = z.looseObject({ QueueUrl: z.string() });
const GetQueueUrlInput = z.strictObject({ QueueName: z.string(), QueueOwnerAWSAccountId: z.string().optional() });
const GetQueueAttributesInput = z.strictObject({
  QueueUrl: z.string(),
  AttributeNames: z.array(z.string()).default([]),
});
const SendMessageInput = z.strictObject({
  QueueUrl: z.string(),
  MessageBody: z.string().min(1),
  MessageAttributes: MessageAttributesSchema,
});
const ReceiveMessageInput = z.strictObject({
  QueueUrl: z.string(),
  MaxNumberOfMessages: z.int().min(1).max(10).default(1),
  VisibilityTimeout: z.int().min(0).max(43_200).optional(),
  /** Waiting for messages is not supported: what is there comes at once. */
  WaitTimeSeconds: z.literal(0).optional(),
  AttributeNames: z.array(z.string()).default([]),
  MessageAttributeNames: z.array(z.string()).default([]),
  MessageSystemAttributeNames: z.array(z.string()).default([]),
});
const DeleteMessageInput = z.strictObject({ QueueUrl: z.string(), ReceiptHandle: z.string() });

/** Makes SQS. Queues encrypted with a key demand the key's permissions of senders and receivers, as on AWS. */
export function createSqsService(
  { accountId, region, door, database }: Pick<LocalContext, 'accountId' | 'region' | 'door' | 'database'>,
  { resolveKeyArn, clock = systemClock }: SqsServiceProps,
): SqsService {
  const queues = new Map<string, Queue>();
  const arnOf = (name: string): string => `arn:aws:sqs:${region}:${accountId}:${name}`;
  const urlOf = (name: string): string => `https://sqs.${region}.amazonaws.com/${accountId}/${name}`;
  const nameOf = (queueUrl: string): string => queueUrl.split('/').at(-1) ?? queueUrl;
  const findQueue = (name: string): Queue => {
    const queue = queues.get(name);
    if (!queue) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  };

  const operation = <T extends z.ZodType>(
    action: string,
    schema: T,
    nameIn: (input: unknown) => string,
    keyActions: readonly string[],
    perform: (queue: Queue, input: z.infer<T>) => unknown,
  ): Operation => ({
    permissions(input): RequiredPermission[] {
      const name = nameIn(input);
      const keyArn = queues.get(name)?.props.keyArn;
      return [
        { action: `sqs:${action}`, resources: [arnOf(name)] },
        ...(keyArn === undefined
          ? []
          : keyActions.map((keyAction) => keyPermission(keyAction, keyArn, arnOf(name), region))),
      ];
    },
    perform: async (input) => perform(findQueue(nameIn(input)), schema.parse(input)),
  });
  const nameInUrl = (input: unknown): string => nameOf(QueueInput.parse(input).QueueUrl);

  const operations: Record<string, Operation> = {
    GetQueueUrl: operation(
      'GetQueueUrl',
      GetQueueUrlInput,
      (input) => GetQueueUrlInput.parse(input).QueueName,
      [],
      ({ props }) => ({
        QueueUrl: urlOf(props.name),
      }),
    ),
    GetQueueAttributes: operation(
      'GetQueueAttributes',
      GetQueueAttributesInput,
      nameInUrl,
      [],
      (queue, { AttributeNames }) => {
        const attributes = Object.entries(describeQueue(queue, clock.now()));
        const isWanted = (name: string): boolean => AttributeNames.includes('All') || AttributeNames.includes(name);
        return { Attributes: Object.fromEntries(attributes.filter(([name]) => isWanted(name))) };
      },
    ),
    SendMessage: operation(
      'SendMessage',
      SendMessageInput,
      nameInUrl,
      ['GenerateDataKey', 'Decrypt'],
      (queue, input) => {
        const { MessageBody, MessageAttributes } = input;
        if (Buffer.byteLength(MessageBody) > queue.props.maximumBytes) {
          throw new AwsError(
            'InvalidParameterValue',
            `One or more parameters are invalid. Reason: Message must be shorter than ${queue.props.maximumBytes} bytes.`,
          );
        }
        return { MessageId: queue.send(MessageBody, MessageAttributes).id, MD5OfMessageBody: md5(MessageBody) };
      },
    ),
    ReceiveMessage: operation('ReceiveMessage', ReceiveMessageInput, nameInUrl, ['Decrypt'], (queue, input) => ({
      Messages: queue
        .receive(input.MaxNumberOfMessages, input.VisibilityTimeout)
        .map((message) => describeMessage(message, input)),
    })),
    DeleteMessage: operation('DeleteMessage', DeleteMessageInput, nameInUrl, [], (queue, { ReceiptHandle }) => {
      queue.delete(ReceiptHandle);
      return {};
    }),
  };

  return {
    service: {
      signingName: 'sqs',
      protocol: createJsonProtocol({ targetPrefix: 'AmazonSQS', version: '1.0' }),
      accessDenied: { code: 'AccessDenied', status: 403 },
      operations,
    },
    provisioners: {
      'AWS::SQS::Queue'(resource) {
        const properties = parseProperties(resource, QueueProperties);
        const name = properties.QueueName ?? resource.generatedName;
        const { KmsMasterKeyId } = properties;
        queues.set(
          name,
          new Queue({
            name,
            arn: arnOf(name),
            retentionSeconds: properties.MessageRetentionPeriod,
            visibilitySeconds: properties.VisibilityTimeout,
            maximumBytes: properties.MaximumMessageSize,
            keyArn: KmsMasterKeyId === undefined ? undefined : resolveKeyArn(KmsMasterKeyId),
            messages: database.collection<QueueMessage>(`sqs-messages/${name}`),
            now: () => clock.now(),
          }),
        );
        return { ref: urlOf(name), attributes: { Arn: arnOf(name), QueueName: name, QueueUrl: urlOf(name) } };
      },
      'AWS::SQS::QueuePolicy'(resource) {
        const { Queues, PolicyDocument } = parseProperties(resource, QueuePolicyProperties);
        for (const url of Queues) door.setResourcePolicy(findQueue(nameOf(url)).props.arn, PolicyDocument);
        return { ref: resource.generatedName, attributes: {} };
      },
    },
    queues: () =>
      [...queues.values()].map((queue) => ({
        name: queue.props.name,
        arn: queue.props.arn,
        messages: queue.messages(),
      })),
  };
}

function keyPermission(action: string, keyArn: string, queueArn: string, region: string): RequiredPermission {
  return {
    action: `kms:${action}`,
    resources: [keyArn],
    context: { 'kms:ViaService': `sqs.${region}.amazonaws.com`, 'kms:EncryptionContext:aws:sqs:arn': queueArn },
  };
}

function describeQueue(queue: Queue, now: number): Record<string, string> {
  const { arn, retentionSeconds, visibilitySeconds, maximumBytes } = queue.props;
  const messages = queue.messages();
  const visible = messages.filter(({ visibleAt }) => visibleAt <= now).length;
  return {
    QueueArn: arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(messages.length - visible),
    ApproximateNumberOfMessagesDelayed: '0',
    MessageRetentionPeriod: String(retentionSeconds),
    VisibilityTimeout: String(visibilitySeconds),
    MaximumMessageSize: String(maximumBytes),
  };
}

function describeMessage(message: QueueMessage, request: z.infer<typeof ReceiveMessageInput>) {
  const system = {
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
  };
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: md5(message.body),
    Attributes: choose(system, [...request.AttributeNames, ...request.MessageSystemAttributeNames]),
    MessageAttributes: choose(message.attributes, request.MessageAttributeNames),
  };
}

/** The asked-for entries; `undefined` for none, as SQS leaves out what is empty. */
function choose<T>(entries: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> | undefined {
  const chosen = Object.entries(entries).filter(
    ([name]) => names.includes('All') || names.includes('.*') || names.includes(name),
  );
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}
