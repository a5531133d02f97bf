import * as z from 'zod';
import { AwsError, type RequiredPermission } from '../../door/wire.ts';
import { MessageAttributesSchema } from './filter-policy.ts';

const MAX_MESSAGE_BYTES = 256 * 1024;

const FlagSchema = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
export const ScopeSchema = z.enum(['MessageAttributes', 'MessageBody']);
export const SubscribeInput = z.strictObject({
  TopicArn: z.string(),
  Protocol: z.string(),
  Endpoint: z.string().optional(),
  ReturnSubscriptionArn: FlagSchema,
  Attributes: z
    .strictObject({ FilterPolicy: z.string().optional(), FilterPolicyScope: ScopeSchema.default('MessageAttributes') })
    .default({ FilterPolicyScope: 'MessageAttributes' }),
});
export const ConfirmInput = z.strictObject({
  TopicArn: z.string(),
  Token: z.string(),
  AuthenticateOnUnsubscribe: FlagSchema,
});
export const SubscriptionInput = z.strictObject({ SubscriptionArn: z.string() });
export const SetAttributesInput = z.strictObject({
  SubscriptionArn: z.string(),
  AttributeName: z.enum(['FilterPolicy', 'FilterPolicyScope']),
  AttributeValue: z.string().default(''),
});
export const ListInput = z.strictObject({ NextToken: z.string().optional() });
export const ListByTopicInput = z.strictObject({ TopicArn: z.string(), NextToken: z.string().optional() });
export const TopicInput = z.strictObject({ TopicArn: z.string() });
export const PublishInput = z.strictObject({
  TopicArn: z.string(),
  Message: z.string(),
  Subject: z.string().optional(),
  MessageAttributes: MessageAttributesSchema,
});

export const invalidParameter = (what: string): AwsError =>
  new AwsError('InvalidParameter', `Invalid parameter: ${what}`);

export function parse<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw invalidParameter(z.prettifyError(parsed.error));
}

/**
 * Throws unless the message and the subject meet the limits of SNS; a subject is printable text in one line, shorter
 * than 100 characters.
 */
export function requireMessage(message: string, subject: string | undefined): void {
  if (message === '') throw invalidParameter('Empty message');
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) throw invalidParameter('Message too long');
  if (subject !== undefined && (subject === '' || subject.length >= 100 || /^\s|\p{Cc}/u.test(subject))) {
    throw invalidParameter('Subject');
  }
}

export const demand = (action: string, resource: string): RequiredPermission[] => [
  { action: `sns:${action}`, resources: [resource] },
];
