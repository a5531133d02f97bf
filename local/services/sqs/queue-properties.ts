import * as z from 'zod';
import { BooleanProperty, NumberProperty, TagsProperty } from '../../assembly/properties.ts';

export const QueueProperties = z.strictObject({
  QueueName: z.string().optional(),
  KmsDataKeyReusePeriodSeconds: NumberProperty.optional(),
  KmsMasterKeyId: z.string().optional(),
  MaximumMessageSize: NumberProperty.default(1_048_576),
  /** Seconds; four days, as on AWS. */
  MessageRetentionPeriod: NumberProperty.default(345_600),
  RedriveAllowPolicy: z.unknown().optional(),
  SqsManagedSseEnabled: BooleanProperty.optional(),
  VisibilityTimeout: NumberProperty.default(30),
  Tags: TagsProperty,
});

export const QueuePolicyProperties = z.strictObject({
  Queues: z.array(z.string()).min(1),
  PolicyDocument: z.unknown(),
});
