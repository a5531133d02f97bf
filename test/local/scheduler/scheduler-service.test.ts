import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { describe, expect, test } from '@jest/globals';
import { openScheduler } from '../../adapters/open-scheduler.ts';
import { describeScheduler } from '../../contracts/scheduler-contract.ts';
import { accountId, region } from '../cloud-names.ts';
import { FakeFunctions } from '../fake-functions.ts';
import { ManualClock } from '../manual-clock.ts';
import { type OpenCloud, openCloud } from '../open-cloud.ts';

const ROLE_ARN = `arn:aws:iam::${accountId}:role/wake-up`;
const TRUST = {
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'scheduler.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': accountId } },
    },
  ],
};

interface World {
  readonly cloud: OpenCloud;
  readonly client: SchedulerClient;
  readonly functionArn: string;
  readonly received: () => unknown[];
  readonly schedule: (facts?: Partial<CreateScheduleCommandInput>) => CreateScheduleCommandInput;
}

/**
 * Opens a cloud with a schedule group, a function to invoke, and the role for that. The clock starts at
 * 2026-01-01T00:00:00Z.
 */
async function open(props: Parameters<typeof openCloud>[0] = {}): Promise<World> {
  const functions = props.functions ?? new FakeFunctions();
  const cloud = await openCloud({ random: () => 1, ...props, functions });
  const functionArn = functions.add('sweep', () => null);
  cloud.door.policies.putRole(ROLE_ARN, TRUST);
  cloud.door.policies.putRolePolicy(ROLE_ARN, 'own', {
    Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: functionArn }],
  });
  await cloud.provision(cloud.scheduler, 'AWS::Scheduler::ScheduleGroup', { Name: 'stagegate' });
  await cloud.start();
  const schedule = (facts = {}) => ({
    Name: 'one',
    GroupName: 'stagegate',
    ScheduleExpression: 'at(2026-01-01T00:01:00)',
    FlexibleTimeWindow: { Mode: 'OFF' as const },
    ActionAfterCompletion: 'DELETE' as const,
    Target: { Arn: functionArn, RoleArn: ROLE_ARN, Input: '{"wake":"up"}' },
    ...facts,
  });
  const client = new SchedulerClient(cloud.operator);
  return { cloud, client, functionArn, schedule, received: () => functions.events('sweep') };
}

async function withScheduler(use: (world: World) => Promise<void>, props: Parameters<typeof openCloud>[0] = {}) {
  const world = await open(props);
  try {
    await use(world);
  } finally {
    world.client.destroy();
    await world.cloud.close();
  }
}

describe('a one-time schedule', () => {
  test('invokes its function at its time, once, by its role, and is gone', () =>
    withScheduler(async ({ cloud, client, schedule, received }) => {
      await client.send(new CreateScheduleCommand(schedule()));
      await cloud.clock.advance(59);
      expect(received()).toEqual([]);
      await cloud.clock.advance(1);
      expect(received()).toEqual([{ wake: 'up' }]);
      expect(cloud.functions.invocations[0]).toMatchObject({
        type: 'Event',
        caller: expect.stringContaining('wake-up'),
      });
      expect(cloud.scheduler.schedules()).toEqual([]);
      await cloud.clock.advance(3600);
      expect(received()).toHaveLength(1);
    }));

  test('stays when it is not to be deleted, and does nothing more', () =>
    withScheduler(async ({ cloud, client, schedule, received }) => {
      await client.send(new CreateScheduleCommand(schedule({ ActionAfterCompletion: 'NONE' })));
      await cloud.clock.advance(60);
      const found = await client.send(new GetScheduleCommand({ Name: 'one', GroupName: 'stagegate' }));
      expect(found).toMatchObject({
        Name: 'one',
        GroupName: 'stagegate',
        ScheduleExpression: 'at(2026-01-01T00:01:00)',
        Arn: `arn:aws:scheduler:${region}:${accountId}:schedule/stagegate/one`,
        CreationDate: new Date('2026-01-01T00:00:00Z'),
      });
      await cloud.clock.advance(3600);
      expect(received()).toHaveLength(1);
    }));

  test('that is changed comes at its new time only; one that is deleted or disabled, never', () =>
    withScheduler(async ({ cloud, client, schedule, received }) => {
      for (const Name of ['moved', 'deleted', 'disabled'])
        await client.send(new CreateScheduleCommand(schedule({ Name })));
      const later = { Name: 'moved', ScheduleExpression: 'at(2026-01-01T00:02:00)' };
      await client.send(new UpdateScheduleCommand(schedule(later)));
      await client.send(new UpdateScheduleCommand(schedule({ Name: 'disabled', State: 'DISABLED' })));
      await client.send(new DeleteScheduleCommand({ Name: 'deleted', GroupName: 'stagegate' }));
      await cloud.clock.advance(60);
      expect(received()).toEqual([]);
      await cloud.clock.advance(60);
      expect(received()).toHaveLength(1);
    }));

  test('is tried again while its function cannot be invoked', () =>
    withScheduler(async ({ cloud, client, schedule, received }) => {
      cloud.door.faults.add({
        service: 'lambda',
        operation: 'Invoke',
        times: 2,
        error: { code: 'TooManyRequestsException', status: 429 },
      } as never);
      await client.send(new CreateScheduleCommand(schedule()));
      await cloud.clock.advance(60);
      await cloud.clock.advance(60);
      expect(received()).toHaveLength(1);
    }));

  test('survives a restart, also when its time came meanwhile', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stagegate-scheduler-'));
    const functions = new FakeFunctions();
    const before = await open({ directory, functions });
    await before.client.send(new CreateScheduleCommand(before.schedule({ Name: 'soon' })));
    const late = { Name: 'late', ScheduleExpression: 'at(2026-01-02T00:00:00)' };
    await before.client.send(new CreateScheduleCommand(before.schedule(late)));
    await before.cloud.close();
    const clock = new ManualClock(Date.parse('2026-01-01T12:00:00Z'));
    await withScheduler(
      async ({ cloud, received }) => {
        await cloud.clock.advance(0);
        expect(received()).toHaveLength(1);
        await cloud.clock.advance(12 * 3600);
        expect(received()).toHaveLength(2);
      },
      { directory, functions: new FakeFunctions(), clock },
    );
    rmSync(directory, { recursive: true, force: true });
  });
});

describe('what AWS refuses is refused:', () => {
  test.each<[string, Partial<CreateScheduleCommandInput>, string]>([
    ['another group', { GroupName: 'other' }, 'ResourceNotFoundException'],
    ['a recurring schedule, by name', { ScheduleExpression: 'rate(5 minutes)' }, 'ValidationException'],
    ['a time that is none', { ScheduleExpression: 'at(2026-13-01T00:00:00)' }, 'ValidationException'],
    ['another time zone', { ScheduleExpressionTimezone: 'Europe/Berlin' }, 'ValidationException'],
    [
      'a flexible window',
      { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 } },
      'ValidationException',
    ],
    ['a name with spaces', { Name: 'a b' }, 'ValidationException'],
  ])('%s', (_, facts, name) =>
    withScheduler(async ({ client, schedule }) => {
      await expect(client.send(new CreateScheduleCommand(schedule(facts)))).rejects.toMatchObject({ name });
    }),
  );

  test('a second one of the same name, and changing or reading one that is not there', () =>
    withScheduler(async ({ client, schedule }) => {
      await client.send(new CreateScheduleCommand(schedule()));
      const reference = { Name: 'none', GroupName: 'stagegate' };
      await expect(client.send(new CreateScheduleCommand(schedule()))).rejects.toMatchObject({
        name: 'ConflictException',
      });
      for (const command of [new UpdateScheduleCommand(schedule(reference)), new GetScheduleCommand(reference)])
        await expect(client.send(command as GetScheduleCommand)).rejects.toMatchObject({
          name: 'ResourceNotFoundException',
        });
    }));

  test('a role that does not trust the service', () =>
    withScheduler(async ({ cloud, client, schedule, functionArn }) => {
      const RoleArn = cloud.addRole('of-a-function', []);
      const Target = { Arn: functionArn, RoleArn };
      await expect(client.send(new CreateScheduleCommand(schedule({ Target })))).rejects.toMatchObject({
        name: 'ValidationException',
      });
    }));

  test('whoever may not make schedules in the group, or not pass the role to this service', () =>
    withScheduler(async ({ cloud, schedule }) => {
      const making = (group: string) => ({
        Effect: 'Allow',
        Action: 'scheduler:CreateSchedule',
        Resource: `arn:aws:scheduler:${region}:${accountId}:schedule/${group}/*`,
      });
      const passing = (service: string) => ({
        Effect: 'Allow',
        Action: 'iam:PassRole',
        Resource: ROLE_ARN,
        Condition: { StringEquals: { 'iam:PassedToService': service } },
      });
      const attempt = (name: string, statements: object[]) =>
        new SchedulerClient(cloud.bearer(cloud.addRole(name, statements))).send(
          new CreateScheduleCommand(schedule({ Name: name })),
        );
      const denied = { name: 'AccessDeniedException' };
      await expect(attempt('other-group', [making('other'), passing('scheduler.amazonaws.com')])).rejects.toMatchObject(
        denied,
      );
      await expect(attempt('no-passing', [making('stagegate')])).rejects.toMatchObject(denied);
      await expect(attempt('elsewhere', [making('stagegate'), passing('lambda.amazonaws.com')])).rejects.toMatchObject(
        denied,
      );
      await attempt('allowed', [making('stagegate'), passing('scheduler.amazonaws.com')]);
    }));
});

describeScheduler('EventBridgeScheduler on the local service', async () => {
  const { cloud, client, functionArn } = await open();
  const close = async () => {
    client.destroy();
    await cloud.close();
  };
  return { ...openScheduler(client, { roleArn: ROLE_ARN, functionArn }), close };
});
