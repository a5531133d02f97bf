import * as z from 'zod';
import type { Clock } from '../../clock.ts';
import { AwsError, type Operation, type RequiredPermission } from '../../door/wire.ts';
import { md5, type Queue, type QueueMessage } from './queue.ts';
import { type QueueStore, queueNameIn } from './queue-store.ts';

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
  /** Waiting for messages is not supported: the call returns the messages that exist now. */
  WaitTimeSeconds: z.literal(0).optional(),
  AttributeNames: z.array(z.string()).default([]),
  MessageAttributeNames: z.array(z.string()).default([]),
  MessageSystemAttributeNames: z.array(z.string()).default([]),
});
const DeleteMessageInput = z.strictObject({ QueueUrl: z.string(), ReceiptHandle: z.string() });

/** Makes the operations of the SQS API that concern messages. */
export function createSqsOperations(queues: QueueStore, clock: Clock): Record<string, Operation> {
  const operation = <T extends z.ZodType>(
    action: string,
    schema: T,
    nameIn: (input: unknown) => string,
    keyActions: readonly string[],
    perform: (queue: Queue, input: z.infer<T>) => unknown,
  ): Operation => ({
    permissions(input): RequiredPermission[] {
      const name = nameIn(input);
      const keyArn = queues.find(name)?.props.keyArn;
      return [
        { action: `sqs:${action}`, resources: [queues.arnOf(name)] },
        ...(keyArn === undefined
          ? []
          : keyActions.map((keyAction) => keyPermission(keyAction, keyArn, queues.arnOf(name), queues.region))),
      ];
    },
    perform: async (input) => perform(queues.require(nameIn(input)), schema.parse(input)),
  });

  return {
    GetQueueUrl: operation(
      'GetQueueUrl',
      GetQueueUrlInput,
      (input) => GetQueueUrlInput.parse(input).QueueName,
      [],
      ({ props }) => ({
        QueueUrl: queues.urlOf(props.name),
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
}

const nameInUrl = (input: unknown): string => queueNameIn(QueueInput.parse(input).QueueUrl);

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

/** Returns the requested entries, or undefined when there are none, because SQS leaves out empty fields. */
function choose<T>(entries: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> | undefined {
  const chosen = Object.entries(entries).filter(
    ([name]) => names.includes('All') || names.includes('.*') || names.includes(name),
  );
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}
