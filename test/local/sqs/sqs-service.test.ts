import { describe, expect, test } from '@jest/globals';
import { roleSession } from '../../../local/door/callers.ts';
import { OPERATOR_CREDENTIALS } from '../../../local/door/door.ts';
import type { Caller } from '../../../local/door/wire.ts';
import { accountId, region } from '../cloud-names.ts';
import { type OpenCloud, openCloud } from '../open-cloud.ts';
import { signedFetch } from '../signed-fetch.ts';

const QueueUrl = `https://sqs.${region}.amazonaws.com/${accountId}/letters`;
const QUEUE_ARN = `arn:aws:sqs:${region}:${accountId}:letters`;
const operator: Caller = { kind: 'operator', arn: `arn:aws:iam::${accountId}:user/operator`, accountId };

type Call = (operation: string, input?: object, caller?: Caller) => Promise<Record<string, never>>;

async function withQueue(
  use: (call: Call, cloud: OpenCloud) => Promise<void>,
  properties: (cloud: OpenCloud) => object = () => ({}),
) {
  const cloud = await openCloud();
  const call: Call = async (operation, input = {}, caller = operator) =>
    (await cloud.door.call(caller, 'sqs', operation, { QueueUrl, ...input })) as Record<string, never>;
  try {
    await cloud.provision(cloud.sqs, 'AWS::SQS::Queue', { QueueName: 'letters', ...properties(cloud) });
    await use(call, cloud);
  } finally {
    await cloud.close();
  }
}

describe('a queue', () => {
  test('hands a message out once, until its visibility timeout is over', () =>
    withQueue(async (call, cloud) => {
      await call('SendMessage', {
        MessageBody: 'one',
        MessageAttributes: { KIND: { DataType: 'String', StringValue: 'x' } },
      });
      const receive = () =>
        call('ReceiveMessage', { MessageAttributeNames: ['All'], AttributeNames: ['ApproximateReceiveCount'] });
      const first = await receive();
      expect(first).toMatchObject({
        Messages: [
          {
            Body: 'one',
            MD5OfBody: 'f97c5d29941bfb1b2fdab0874906ab82',
            Attributes: { ApproximateReceiveCount: '1' },
            MessageAttributes: { KIND: { DataType: 'String', StringValue: 'x' } },
          },
        ],
      });
      expect(await receive()).toEqual({ Messages: [] });
      await cloud.clock.advance(30);
      expect(await receive()).toMatchObject({
        Messages: [{ Body: 'one', Attributes: { ApproximateReceiveCount: '2' } }],
      });
    }));

  test('forgets a message that is deleted by the handle of its last receipt', () =>
    withQueue(async (call, cloud) => {
      await call('SendMessage', { MessageBody: 'one' });
      const { Messages } = (await call('ReceiveMessage')) as unknown as { Messages: { ReceiptHandle: string }[] };
      await call('DeleteMessage', { ReceiptHandle: 'another' });
      expect(cloud.sqs.queues()[0]?.messages).toHaveLength(1);
      await call('DeleteMessage', { ReceiptHandle: Messages[0]?.ReceiptHandle });
      expect(cloud.sqs.queues()[0]?.messages).toEqual([]);
    }));

  test('counts what is in it, oldest first, as long as it is kept', () =>
    withQueue(
      async (call, cloud) => {
        for (const MessageBody of ['one', 'two']) {
          await call('SendMessage', { MessageBody });
          await cloud.clock.advance(60);
        }
        await call('ReceiveMessage');
        expect(await call('GetQueueAttributes', { AttributeNames: ['All'] })).toMatchObject({
          Attributes: {
            QueueArn: QUEUE_ARN,
            ApproximateNumberOfMessages: '1',
            ApproximateNumberOfMessagesNotVisible: '1',
          },
        });
        expect(await call('GetQueueAttributes', { AttributeNames: ['QueueArn'] })).toEqual({
          Attributes: { QueueArn: QUEUE_ARN },
        });
        expect(cloud.sqs.queues()[0]?.messages.map(({ body }) => body)).toEqual(['one', 'two']);
        await cloud.clock.advance(30);
        expect(cloud.sqs.queues()[0]?.messages.map(({ body }) => body)).toEqual(['two']);
      },
      () => ({ MessageRetentionPeriod: 120 }),
    ));

  test('speaks the JSON protocol', () =>
    withQueue(async (_call, cloud) => {
      const response = await signedFetch(cloud.operator.endpoint, {
        service: 'sqs',
        region,
        credentials: OPERATOR_CREDENTIALS,
        method: 'POST',
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
        body: JSON.stringify({ QueueUrl, MessageBody: 'one' }),
      });
      expect(await response.json()).toMatchObject({ MD5OfMessageBody: 'f97c5d29941bfb1b2fdab0874906ab82' });
      expect(cloud.sqs.queues()[0]?.messages).toHaveLength(1);
    }));

  test('is refused by name for what it cannot do', async () => {
    await expect(
      withQueue(
        async () => {},
        () => ({ FifoQueue: true }),
      ),
    ).rejects.toThrow('FifoQueue');
    await withQueue(async (call) => {
      await expect(call('ReceiveMessage', { WaitTimeSeconds: 20 })).rejects.toThrow('WaitTimeSeconds');
      await expect(call('SendMessage', { QueueUrl: `${QueueUrl}-2`, MessageBody: 'x' })).rejects.toMatchObject({
        code: 'QueueDoesNotExist',
      });
    });
  });
});

describe('permissions', () => {
  const role = (cloud: OpenCloud, ...statements: object[]) =>
    roleSession(cloud.addRole('sender', statements), 'session');
  const sendAllowed = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: QUEUE_ARN };

  test('are demanded of the sender', () =>
    withQueue(async (call, cloud) => {
      const denied = { code: 'AccessDenied', status: 403 };
      await expect(call('SendMessage', { MessageBody: 'x' }, role(cloud))).rejects.toMatchObject(denied);
      await call('SendMessage', { MessageBody: 'x' }, role(cloud, sendAllowed));
      await expect(call('ReceiveMessage', {}, role(cloud, sendAllowed))).rejects.toMatchObject(denied);
    }));

  test('of an encrypted queue include those of its key', () =>
    withQueue(
      async (call, cloud) => {
        await expect(call('SendMessage', { MessageBody: 'x' }, role(cloud, sendAllowed))).rejects.toThrow(
          'kms:GenerateDataKey',
        );
        const keyAllowed = { Effect: 'Allow', Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: cloud.keyArn };
        await call('SendMessage', { MessageBody: 'x' }, role(cloud, sendAllowed, keyAllowed));
        expect(cloud.sqs.queues()[0]?.messages).toHaveLength(1);
      },
      (cloud) => ({ KmsMasterKeyId: cloud.keyArn }),
    ));
});
