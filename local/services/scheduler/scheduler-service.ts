import * as z from 'zod';
import { parseProperties, TagsProperty } from '../../assembly/properties.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { serviceCaller } from '../../door/callers.ts';
import { AwsError, type Operation, type RequiredPermission } from '../../door/wire.ts';
import { createEventDeliveries, type Delivery } from '../events/event-deliveries.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { dueTimeOf, type Schedule, ScheduleInput, ScheduleReference } from './schedule.ts';
import { schedulerProtocol } from './scheduler-protocol.ts';

/** EventBridge Scheduler with one-time schedules that invoke Lambda functions. */
export interface SchedulerService extends LocalService {
  schedules(): readonly Schedule[];
  /** Returns the deliveries that have not reached their targets yet. */
  pendingDeliveries(): readonly Delivery[];
}

interface SchedulerServiceProps {
  readonly clock?: Clock;
  readonly random?: () => number;
}

const GroupProperties = z.strictObject({ Name: z.string(), Tags: TagsProperty });

const PRINCIPAL = 'scheduler.amazonaws.com';

/**
 * Makes EventBridge Scheduler. Schedules and pending deliveries survive a restart; a schedule that became due meanwhile
 * is delivered at the start. As in AWS, the caller who makes a schedule must be allowed to pass its role, and the role
 * must trust the service.
 */
export function createSchedulerService(
  context: Pick<LocalContext, 'accountId' | 'region' | 'door' | 'database' | 'log'>,
  { clock = systemClock, random = Math.random }: SchedulerServiceProps = {},
): SchedulerService {
  const { accountId, region, door, database } = context;
  const kept = database.collection<Schedule>('scheduler-schedules');
  const groups = new Set(['default']);
  const timers = new Map<string, () => void>();
  const deliveries = createEventDeliveries({ source: 'scheduler', context, clock, random });
  let isStarted = false;

  const keyOf = ({ GroupName, Name }: { GroupName: string; Name: string }): string => `${GroupName}/${Name}`;
  const arnOf = (reference: { GroupName: string; Name: string }): string =>
    `arn:aws:scheduler:${region}:${accountId}:schedule/${keyOf(reference)}`;

  const find = (reference: z.output<typeof ScheduleReference>): Schedule => {
    const schedule = kept.get(keyOf(reference));
    if (!schedule) throw new AwsError('ResourceNotFoundException', `Schedule ${reference.Name} does not exist.`, 404);
    return schedule;
  };

  const complete = (key: string): void => {
    timers.delete(key);
    const schedule = kept.get(key);
    if (!schedule || schedule.State === 'DISABLED' || schedule.isCompleted) return;
    const { Arn: targetArn, RoleArn: roleArn, Input = '{}', RetryPolicy, DeadLetterConfig } = schedule.Target;
    deliveries.accept({
      ruleArn: schedule.arn,
      targetArn,
      roleArn,
      event: Input,
      payload: Input,
      maximumRetryAttempts: RetryPolicy.MaximumRetryAttempts,
      maximumEventAgeSeconds: RetryPolicy.MaximumEventAgeInSeconds,
      deadLetterArn: DeadLetterConfig?.Arn,
    });
    if (schedule.ActionAfterCompletion === 'DELETE') kept.delete(key);
    else kept.put(key, { ...schedule, isCompleted: true });
  };
  const arm = (key: string, { ScheduleExpression }: Schedule): void => {
    timers.get(key)?.();
    timers.set(
      key,
      clock.at(dueTimeOf(ScheduleExpression), () => complete(key)),
    );
  };

  /** Checks a schedule as AWS does beyond its form, and then stores it. */
  const save = (input: z.output<typeof ScheduleInput>, before: Schedule | undefined): { ScheduleArn: string } => {
    const { ClientToken: _used, ...given } = input;
    const arn = arnOf(input);
    dueTimeOf(given.ScheduleExpression);
    if (!groups.has(given.GroupName))
      throw new AwsError('ResourceNotFoundException', `Schedule group ${given.GroupName} does not exist.`, 404);
    try {
      door.authorizeAssumeRole(serviceCaller(PRINCIPAL, arn, accountId), given.Target.RoleArn);
    } catch {
      throw new AwsError(
        'ValidationException',
        'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.',
      );
    }
    const now = clock.now();
    const schedule = { ...given, arn, createdAt: before?.createdAt ?? now, modifiedAt: now, isCompleted: false };
    const key = keyOf(input);
    kept.put(key, schedule);
    if (isStarted) arm(key, schedule);
    return { ScheduleArn: arn };
  };

  const demand = (action: string, input: unknown): RequiredPermission[] => [
    { action: `scheduler:${action}`, resources: [arnOf(ScheduleReference.parse(input))] },
  ];
  const demandPassing = (input: unknown): RequiredPermission => ({
    action: 'iam:PassRole',
    resources: [ScheduleInput.parse(input).Target.RoleArn],
    context: { 'iam:PassedToService': PRINCIPAL },
  });

  const operations: Record<string, Operation> = {
    CreateSchedule: {
      permissions: (input) => [...demand('CreateSchedule', input), demandPassing(input)],
      async perform(input) {
        const schedule = ScheduleInput.parse(input);
        if (kept.get(keyOf(schedule)))
          throw new AwsError('ConflictException', `Schedule ${schedule.Name} already exists.`, 409);
        return save(schedule, undefined);
      },
    },
    UpdateSchedule: {
      permissions: (input) => [...demand('UpdateSchedule', input), demandPassing(input)],
      async perform(input) {
        const schedule = ScheduleInput.parse(input);
        return save(schedule, find(schedule));
      },
    },
    GetSchedule: {
      permissions: (input) => demand('GetSchedule', input),
      async perform(input) {
        const { arn, createdAt, modifiedAt, isCompleted: _own, ...schedule } = find(ScheduleReference.parse(input));
        return {
          ...schedule,
          Arn: arn,
          CreationDate: createdAt / 1000,
          LastModificationDate: modifiedAt / 1000,
        };
      },
    },
    DeleteSchedule: {
      permissions: (input) => demand('DeleteSchedule', input),
      async perform(input) {
        const key = keyOf(find(ScheduleReference.parse(input)));
        timers.get(key)?.();
        timers.delete(key);
        kept.delete(key);
        return {};
      },
    },
  };

  return {
    service: {
      signingName: 'scheduler',
      protocol: schedulerProtocol,
      accessDenied: { code: 'AccessDeniedException', status: 403 },
      operations,
    },
    provisioners: {
      'AWS::Scheduler::ScheduleGroup'(resource) {
        const { Name } = parseProperties(resource, GroupProperties);
        groups.add(Name);
        const Arn = `arn:aws:scheduler:${region}:${accountId}:schedule-group/${Name}`;
        return { ref: Name, attributes: { Arn } };
      },
    },
    start() {
      isStarted = true;
      deliveries.resume();
      for (const [key, schedule] of kept.entries()) if (!schedule.isCompleted) arm(key, schedule);
    },
    stop() {
      deliveries.stop();
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
    schedules: () => kept.entries().map(([, schedule]) => schedule),
    pendingDeliveries: () => deliveries.pending(),
  };
}
