import * as z from 'zod';
import { AwsError } from '../../door/wire.ts';

const NameSchema = z.string().regex(/^[0-9a-zA-Z-_.]{1,64}$/, 'at most 64 of 0-9 a-z A-Z - _ .');

const TargetSchema = z.strictObject({
  Arn: z
    .string()
    .regex(/^arn:aws:lambda:[^:]+:\d{12}:function:[^:]+$/, 'a Lambda function: the local cloud knows no other target'),
  RoleArn: z.string().regex(/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'the ARN of a role'),
  Input: z.string().optional(),
  RetryPolicy: z
    .strictObject({
      MaximumEventAgeInSeconds: z.number().int().min(60).max(86_400).default(86_400),
      MaximumRetryAttempts: z.number().int().min(0).max(185).default(185),
    })
    .prefault({}),
  DeadLetterConfig: z.strictObject({ Arn: z.string().optional() }).optional(),
});

/**
 * Input of CreateSchedule and UpdateSchedule for one-time schedules; any other input is refused with an error that
 * names it.
 */
export const ScheduleInput = z.strictObject({
  Name: NameSchema,
  GroupName: NameSchema.default('default'),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.literal('UTC', { error: 'only UTC is supported by the local cloud' }).default('UTC'),
  FlexibleTimeWindow: z.strictObject({
    Mode: z.literal('OFF', { error: 'flexible time windows are not supported by the local cloud' }),
  }),
  ActionAfterCompletion: z.enum(['NONE', 'DELETE']).default('NONE'),
  Target: TargetSchema,
  Description: z.string().max(512).optional(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  ClientToken: z.string().optional(),
});

/** Names the schedule of an operation. */
export const ScheduleReference = z.object({ Name: NameSchema, GroupName: NameSchema.default('default') });

/** A schedule as it is stored. */
export interface Schedule extends Omit<z.output<typeof ScheduleInput>, 'ClientToken'> {
  readonly arn: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** True after the target was invoked. A completed schedule that is not deleted remains without effect. */
  readonly isCompleted: boolean;
}

/**
 * Returns the epoch milliseconds of `at(yyyy-mm-ddThh:mm:ss)`; throws an error that names any other expression, such as
 * a recurring one.
 */
export function dueTimeOf(expression: string): number {
  const [, time] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(expression) ?? [];
  const due = time === undefined ? Number.NaN : Date.parse(`${time}Z`);
  if (Number.isNaN(due))
    throw new AwsError(
      'ValidationException',
      `Invalid Schedule Expression ${expression}: the local cloud supports at(yyyy-mm-ddThh:mm:ss) only.`,
    );
  return due;
}
