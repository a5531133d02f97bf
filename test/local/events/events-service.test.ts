import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { describe, expect, test } from '@jest/globals';
import { accountId, region } from '../cloud-names.ts';
import { FakeFunctions } from '../fake-functions.ts';
import { ManualClock } from '../manual-clock.ts';
import { type OpenCloud, openCloud } from '../open-cloud.ts';

const BUS_ARN = `arn:aws:events:${region}:${accountId}:event-bus/stagegate`;
const RULE_ARN = `arn:aws:events:${region}:${accountId}:rule/stagegate/pushes`;
const QUEUE_ARN = `arn:aws:sqs:${region}:${accountId}:dead-letters`;

const pushed: PutEventsRequestEntry = {
  EventBusName: 'stagegate',
  Source: 'stagegate',
  DetailType: 'ConfigPushed',
  Detail: '{"commit":"abc"}',
};

interface World {
  readonly cloud: OpenCloud;
  readonly client: EventBridgeClient;
  readonly received: () => unknown[];
}

/** Runs `use` with a bus that has one rule: the rule sends pushes to the function `register`, which permits it. */
async function withRule(
  use: (world: World) => Promise<void>,
  target: object = {},
  props: Parameters<typeof openCloud>[0] = {},
) {
  const cloud = await openCloud({ random: () => 1, ...props });
  const client = new EventBridgeClient(cloud.operator);
  try {
    await provisionRule(cloud, target);
    await cloud.start();
    await use({ cloud, client, received: () => cloud.functions.events('register') });
  } finally {
    client.destroy();
    await cloud.close();
  }
}

async function provisionRule(cloud: OpenCloud, target: object): Promise<void> {
  const functionArn = cloud.functions.add('register', () => null);
  permit(cloud, functionArn, RULE_ARN);
  await cloud.provision(cloud.sqs, 'AWS::SQS::Queue', { QueueName: 'dead-letters' });
  await cloud.provision(cloud.events, 'AWS::Events::EventBus', { Name: 'stagegate' });
  await cloud.provision(cloud.events, 'AWS::Events::Rule', {
    Name: 'pushes',
    EventBusName: 'stagegate',
    EventPattern: { source: ['stagegate'], 'detail-type': ['ConfigPushed'] },
    Targets: [{ Id: 'Target0', Arn: functionArn, ...target }],
  });
}

function permit(cloud: OpenCloud, functionArn: string, sourceArn: string): void {
  const Condition = { ArnLike: { 'aws:SourceArn': sourceArn } };
  const Principal = { Service: 'events.amazonaws.com' };
  cloud.door.setResourcePolicy(functionArn, {
    Statement: [{ Effect: 'Allow', Principal, Action: 'lambda:InvokeFunction', Resource: functionArn, Condition }],
  });
}

const deadLetters = (cloud: OpenCloud) => cloud.sqs.queues()[0]?.messages ?? [];
const permitDeadLetters = (cloud: OpenCloud): Promise<unknown> =>
  cloud.provision(cloud.sqs, 'AWS::SQS::QueuePolicy', {
    Queues: [`https://sqs.${region}.amazonaws.com/${accountId}/dead-letters`],
    PolicyDocument: {
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: QUEUE_ARN,
          Condition: { ArnEquals: { 'aws:SourceArn': RULE_ARN } },
        },
      ],
    },
  });

describe('PutEvents', () => {
  test('delivers the envelope of AWS to the targets of matching rules', () =>
    withRule(async ({ cloud, client, received }) => {
      const { Entries, FailedEntryCount } = await client.send(
        new PutEventsCommand({
          Entries: [
            { ...pushed, Resources: ['arn:x'], Time: new Date('2026-02-03T04:05:06.789Z') },
            { ...pushed, DetailType: 'Other' },
          ],
        }),
      );
      await cloud.clock.advance(0);
      expect(FailedEntryCount).toBe(0);
      expect(received()).toEqual([
        {
          version: '0',
          id: Entries?.[0]?.EventId,
          'detail-type': 'ConfigPushed',
          source: 'stagegate',
          account: accountId,
          time: '2026-02-03T04:05:06Z',
          region,
          resources: ['arn:x'],
          detail: { commit: 'abc' },
        },
      ]);
      expect(cloud.functions.invocations[0]).toMatchObject({ type: 'Event', caller: 'events.amazonaws.com' });
      expect(cloud.events.pendingDeliveries()).toEqual([]);
    }));

  test('keeps buses apart', () =>
    withRule(async ({ cloud, client, received }) => {
      await client.send(new PutEventsCommand({ Entries: [{ ...pushed, EventBusName: 'default' }] }));
      await cloud.clock.advance(0);
      expect(received()).toEqual([]);
      await client.send(new PutEventsCommand({ Entries: [{ ...pushed, EventBusName: BUS_ARN }] }));
      await cloud.clock.advance(0);
      expect(received()).toHaveLength(1);
    }));

  test.each<[title: string, entry: PutEventsRequestEntry, code: string, message: string]>([
    ['without a source', { ...pushed, Source: undefined }, 'InvalidArgument', 'Source is a required argument'],
    ['without a detail type', { ...pushed, DetailType: '' }, 'InvalidArgument', 'DetailType is a required argument'],
    ['without a detail', { ...pushed, Detail: undefined }, 'InvalidArgument', 'Detail is a required argument'],
    ['with a detail that is no JSON', { ...pushed, Detail: '{' }, 'MalformedDetail', 'Detail is malformed.'],
    ['with a detail that is no object', { ...pushed, Detail: '[]' }, 'MalformedDetail', 'Detail is malformed.'],
    [
      "with a source of AWS's own",
      { ...pushed, Source: 'aws.states' },
      'NotAuthorizedForSourceException',
      'Not authorized for the source.',
    ],
    ['with a long detail type', { ...pushed, DetailType: 'x'.repeat(129) }, 'InvalidArgument', '128'],
    [
      'for a bus that does not exist',
      { ...pushed, EventBusName: 'other' },
      'ResourceNotFoundException',
      'Event bus other does not exist',
    ],
  ])('fails an entry %s, and takes the others', (_title, entry, code, message) =>
    withRule(async ({ cloud, client, received }) => {
      const answer = await client.send(new PutEventsCommand({ Entries: [entry, pushed] }));
      await cloud.clock.advance(0);
      expect(answer.FailedEntryCount).toBe(1);
      expect(answer.Entries?.[0]).toMatchObject({ ErrorCode: code, ErrorMessage: expect.stringContaining(message) });
      expect(answer.Entries?.[1]?.EventId).toBeDefined();
      expect(received()).toHaveLength(1);
    }),
  );

  test('fails as a whole for eleven entries, for too many bytes and without permission', () =>
    withRule(async ({ cloud, client }) => {
      await expect(client.send(new PutEventsCommand({ Entries: Array(11).fill(pushed) }))).rejects.toMatchObject({
        name: 'ValidationException',
      });
      const large = { ...pushed, Detail: JSON.stringify({ x: 'x'.repeat(600_000) }) };
      await expect(client.send(new PutEventsCommand({ Entries: [large, large] }))).rejects.toThrow('over the limit');
      const statements = [
        {
          Effect: 'Allow',
          Action: 'events:PutEvents',
          Resource: BUS_ARN,
          Condition: { StringEquals: { 'events:source': 'stagegate' } },
        },
      ];
      const caller = new EventBridgeClient(cloud.bearer(cloud.addRole('publisher', statements)));
      await caller.send(new PutEventsCommand({ Entries: [pushed] }));
      const denied = { name: 'AccessDeniedException' };
      await expect(
        caller.send(new PutEventsCommand({ Entries: [{ ...pushed, Source: 'other' }] })),
      ).rejects.toMatchObject(denied);
      await expect(
        caller.send(new PutEventsCommand({ Entries: [{ ...pushed, EventBusName: 'default' }] })),
      ).rejects.toMatchObject(denied);
      caller.destroy();
    }));
});

describe('a delivery', () => {
  const DOWN = { service: 'lambda', operation: 'Invoke', error: { code: 'ServiceException', status: 500 } };

  test('is tried again with growing delays until the target takes it', () =>
    withRule(async ({ cloud, client, received }) => {
      cloud.door.faults.add({ ...DOWN, times: 3 });
      await client.send(new PutEventsCommand({ Entries: [pushed] }));
      for (const seconds of [0, 0.25, 0.5]) {
        await cloud.clock.advance(seconds);
        expect(received()).toEqual([]);
      }
      await cloud.clock.advance(1);
      expect(received()).toHaveLength(1);
      expect(cloud.events.pendingDeliveries()).toEqual([]);
    }));

  test('goes to the dead-letter queue when its retries are used up', () =>
    withRule(
      async ({ cloud, client, received }) => {
        await permitDeadLetters(cloud);
        cloud.door.faults.add({ ...DOWN, times: 99 });
        await client.send(new PutEventsCommand({ Entries: [pushed] }));
        await cloud.clock.advance(10);
        expect(received()).toEqual([]);
        const [letter] = deadLetters(cloud);
        expect(JSON.parse(letter?.body ?? '')).toMatchObject({
          'detail-type': 'ConfigPushed',
          detail: { commit: 'abc' },
        });
        expect(letter?.attributes).toMatchObject({
          RULE_ARN: { StringValue: RULE_ARN },
          TARGET_ARN: { StringValue: cloud.functions.arn('register') },
          ERROR_CODE: { StringValue: 'ServiceException' },
          RETRY_ATTEMPTS: { StringValue: '2' },
        });
        expect(cloud.events.pendingDeliveries()).toEqual([]);
      },
      { RetryPolicy: { MaximumRetryAttempts: 2 }, DeadLetterConfig: { Arn: QUEUE_ARN } },
    ));

  test('is given up when the event has become too old', () =>
    withRule(
      async ({ cloud, client }) => {
        await permitDeadLetters(cloud);
        cloud.door.faults.add({ ...DOWN, times: 99 });
        await client.send(new PutEventsCommand({ Entries: [pushed] }));
        await cloud.clock.advance(120);
        expect(deadLetters(cloud)).toHaveLength(1);
      },
      { RetryPolicy: { MaximumEventAgeInSeconds: 60 }, DeadLetterConfig: { Arn: QUEUE_ARN } },
    ));

  test('is not tried again when the function does not permit the rule', () =>
    withRule(
      async ({ cloud, client, received }) => {
        await permitDeadLetters(cloud);
        permit(cloud, cloud.functions.arn('register'), `${RULE_ARN}-other`);
        await client.send(new PutEventsCommand({ Entries: [pushed] }));
        await cloud.clock.advance(0);
        expect(received()).toEqual([]);
        expect(deadLetters(cloud)[0]?.attributes.ERROR_CODE).toMatchObject({ StringValue: 'AccessDeniedException' });
      },
      { DeadLetterConfig: { Arn: QUEUE_ARN } },
    ));

  test('is lost, and said to be, when the queue does not permit the rule either', () =>
    withRule(
      async ({ cloud, client }) => {
        permit(cloud, cloud.functions.arn('register'), `${RULE_ARN}-other`);
        await client.send(new PutEventsCommand({ Entries: [pushed] }));
        await cloud.clock.advance(0);
        expect(deadLetters(cloud)).toEqual([]);
        expect(cloud.log.map(({ message }) => message)).toContain('an event is lost: the dead-letter queue refuses it');
      },
      { DeadLetterConfig: { Arn: QUEUE_ARN } },
    ));

  test('gets what the target asks for', () =>
    withRule(
      async ({ cloud, client, received }) => {
        await client.send(new PutEventsCommand({ Entries: [pushed] }));
        await cloud.clock.advance(0);
        expect(received()).toEqual([{ commit: 'abc' }]);
      },
      { InputTransformer: { InputPathsMap: { c: '$.detail.commit' }, InputTemplate: '{"commit": <c>}' } },
    ));

  test('that was still owed when the cloud was killed comes after the restart', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stagegate-events-'));
    const lives = { directory, clock: new ManualClock(), functions: new FakeFunctions() };
    try {
      await withRule(
        async ({ client }) => void (await client.send(new PutEventsCommand({ Entries: [pushed] }))),
        {},
        lives,
      );
      expect(lives.functions.invocations).toEqual([]);
      await withRule(
        async ({ cloud, received }) => {
          await cloud.clock.advance(0);
          expect(received()).toMatchObject([{ detail: { commit: 'abc' } }]);
          expect(cloud.events.pendingDeliveries()).toEqual([]);
        },
        {},
        lives,
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('a rule', () => {
  const provisionOn = async (
    properties: object,
    use: (cloud: OpenCloud, functionArn: string) => Promise<void>,
    props: Parameters<typeof openCloud>[0] = {},
  ) => {
    const cloud = await openCloud(props);
    try {
      const functionArn = cloud.functions.add('tick', () => null);
      const ruleArn = `arn:aws:events:${region}:${accountId}:rule/ticks`;
      permit(cloud, functionArn, ruleArn);
      await cloud.provision(cloud.events, 'AWS::Events::Rule', {
        Name: 'ticks',
        Targets: [{ Id: 'T', Arn: functionArn }],
        ...properties,
      });
      await cloud.start();
      await use(cloud, functionArn);
    } finally {
      await cloud.close();
    }
  };

  test('on a schedule sends the scheduled event', () =>
    provisionOn({ ScheduleExpression: 'rate(5 minutes)' }, async (cloud) => {
      await cloud.clock.advance(299);
      expect(cloud.functions.events('tick')).toEqual([]);
      await cloud.clock.advance(301);
      expect(cloud.functions.events('tick')).toMatchObject([
        {
          'detail-type': 'Scheduled Event',
          source: 'aws.events',
          time: '2026-01-01T00:05:00Z',
          resources: [`arn:aws:events:${region}:${accountId}:rule/ticks`],
          detail: {},
        },
        { time: '2026-01-01T00:10:00Z' },
      ]);
    }));

  test('on a schedule waits for somebody else where the clock does not strike', () =>
    provisionOn(
      { ScheduleExpression: 'rate(1 minute)' },
      async (cloud) => {
        await cloud.clock.advance(300);
        expect(cloud.functions.events('tick')).toEqual([]);
      },
      { isClockStriking: false },
    ));

  test('that is disabled does nothing', () =>
    provisionOn({ ScheduleExpression: 'rate(1 minute)', State: 'DISABLED' }, async (cloud) => {
      await cloud.clock.advance(300);
      expect(cloud.functions.events('tick')).toEqual([]);
    }));

  test.each<[title: string, properties: object, message: string]>([
    ['a cron schedule', { ScheduleExpression: 'cron(0 12 * * ? *)' }, 'cron(0 12 * * ? *) is not supported'],
    ['a plural of one', { ScheduleExpression: 'rate(1 minutes)' }, 'mixes singular and plural'],
    ['neither pattern nor schedule', {}, 'a rule needs an EventPattern or a ScheduleExpression'],
    [
      'a bus that does not exist',
      { EventBusName: 'other', EventPattern: { source: ['x'] } },
      'event bus other does not exist',
    ],
    [
      'a schedule on a bus of its own',
      { EventBusName: 'other', ScheduleExpression: 'rate(1 minute)' },
      'only possible on the default bus',
    ],
    ['an unknown operator', { EventPattern: { source: [{ cidr: 'x' }] } }, 'the operator "cidr" is not supported'],
    [
      'another kind of target',
      { EventPattern: { source: ['x'] }, Targets: [{ Id: 'T', Arn: QUEUE_ARN }] },
      `target T: ${QUEUE_ARN} is not supported`,
    ],
    [
      'an unknown field of a target',
      { EventPattern: { source: ['x'] }, Targets: [{ Id: 'T', Arn: QUEUE_ARN, SqsParameters: {} }] },
      'SqsParameters',
    ],
  ])('is refused for %s', async (_title, properties, message) => {
    await expect(provisionOn(properties, async () => {})).rejects.toThrow(message);
  });
});
