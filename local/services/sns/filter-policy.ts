import * as z from 'zod';
import { type Json, JsonSchema } from '../../asl/json.ts';
import { AwsError } from '../../door/wire.ts';
import { compileEventPattern } from '../events/event-pattern.ts';
import type { FilterPolicyScope } from './subscriptions.ts';

export const MessageAttributesSchema = z
  .record(
    z.string(),
    z.strictObject({ DataType: z.string(), StringValue: z.string().optional(), BinaryValue: z.string().optional() }),
  )
  .default({});
export type MessageAttributes = z.infer<typeof MessageAttributesSchema>;

interface Message {
  readonly text: string;
  readonly attributes: MessageAttributes;
}

/** Throws for a filter policy that SNS or the local cloud would not understand. */
export function requireFilterPolicy(text: string): void {
  try {
    compileFilterPolicy(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AwsError('InvalidParameter', `Invalid parameter: Attributes Reason: FilterPolicy: ${reason}`);
  }
}

/** Returns whether a subscription with this filter policy gets the message; without a policy it gets every message. */
export function passesFilter(policy: string | null, scope: FilterPolicyScope, message: Message): boolean {
  if (policy === null || isEmptyPolicy(policy)) return true;
  const subject = scope === 'MessageBody' ? parseBody(message.text) : attributeValues(message.attributes);
  return subject !== undefined && compileFilterPolicy(policy)(subject);
}

const isEmptyPolicy = (text: string): boolean => Object.keys(JSON.parse(text)).length === 0;

function compileFilterPolicy(text: string): (subject: Json) => boolean {
  return isEmptyPolicy(text) ? () => true : compileEventPattern(JSON.parse(text), 'the policy');
}

/** Parses the body of a message. A body that is not JSON passes no filter on the body. */
function parseBody(text: string): Json | undefined {
  try {
    return JsonSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Returns the attributes as a filter policy sees them, without the binary ones. */
function attributeValues(attributes: MessageAttributes): Json {
  const values = Object.entries(attributes).flatMap(([name, { DataType, StringValue }]): [string, Json][] => {
    if (StringValue === undefined) return [];
    const type = DataType.split('.').slice(0, 2).join('.');
    if (type === 'Number') return [[name, Number(StringValue)]];
    if (type === 'String.Array') return [[name, JsonSchema.parse(JSON.parse(StringValue))]];
    return [[name, StringValue]];
  });
  return Object.fromEntries(values);
}
