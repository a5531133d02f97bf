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

/** Input of CreateSchedule and UpdateSchedule, as far as one-time schedules go; anything else is refused by name. */
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

/** Which schedule an operation is about. */
export const ScheduleReference = z.object({ Name: NameSchema, GroupName: NameSchema.default('default') });

/** A schedule as it is kept. */
export interface Schedule extends Omit<z.output<typeof ScheduleInput>, 'ClientToken'> {
  readonly arn: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** Its target was invoked; one that is not deleted then stays, and does nothing any more. */
  readonly isCompleted: boolean;
}

/** Epoch milliseconds of `at(yyyy-mm-ddThh:mm:ss)`; recurring schedules are refused by name. */
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
