import * as z from 'zod';
import { JsonSchema } from '../../asl/json.ts';
import { NumberProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import type { LocalContext } from '../local-context.ts';
import type { Resource } from '../local-service.ts';
import type { EventEnvelope } from './event-envelope.ts';
import { compileEventPattern, type EventMatcher } from './event-pattern.ts';
import { readRate } from './schedule.ts';
import { compileTargetInput, type InputRenderer, TargetInputFields } from './target-input.ts';

const ArnProperty = z.strictObject({ Arn: z.string() });

const TargetSchema = z.strictObject({
  Id: z.string(),
  Arn: z.string(),
  RetryPolicy: z
    .strictObject({
      MaximumRetryAttempts: NumberProperty.optional(),
      MaximumEventAgeInSeconds: NumberProperty.optional(),
    })
    .default({}),
  DeadLetterConfig: ArnProperty.optional(),
  ...TargetInputFields,
});

const RuleProperties = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  EventBusName: z.string().default('default'),
  EventPattern: JsonSchema.optional(),
  ScheduleExpression: z.string().optional(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Targets: z.array(TargetSchema).max(5).default([]),
  Tags: TagsProperty,
});

/** EventBridge's retries for a rule that does not configure them. */
const DEFAULT_RETRY_ATTEMPTS = 185;
const DEFAULT_EVENT_AGE_SECONDS = 86_400;

interface RuleTarget {
  readonly arn: string;
  readonly render: InputRenderer;
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
  readonly deadLetterArn: string | undefined;
}

export interface EventRule {
  readonly name: string;
  readonly arn: string;
  readonly busName: string;
  readonly isEnabled: boolean;
  /** Absent for a rule that has only a schedule. */
  readonly matches: EventMatcher | undefined;
  /** Milliseconds between two runs of the rule's schedule. */
  readonly everyMs: number | undefined;
  readonly targets: readonly RuleTarget[];
}

/** Reads an `AWS::Events::Rule`. A target that is not a Lambda function is refused with an error that names it. */
export function readRule(
  resource: Resource,
  { accountId, region }: Pick<LocalContext, 'accountId' | 'region'>,
): EventRule {
  const properties = parseProperties(resource, RuleProperties);
  const { EventBusName, EventPattern, ScheduleExpression } = properties;
  const name = properties.Name ?? resource.generatedName;
  const busName = EventBusName.split('/').at(-1) ?? EventBusName;
  if (EventPattern === undefined && ScheduleExpression === undefined) {
    throw new Error('a rule needs an EventPattern or a ScheduleExpression');
  }
  if (ScheduleExpression !== undefined && busName !== 'default') {
    throw new Error(`a schedule is only possible on the default bus, not on ${busName}`);
  }
  return {
    name,
    busName,
    arn: `arn:aws:events:${region}:${accountId}:rule/${busName === 'default' ? '' : `${busName}/`}${name}`,
    isEnabled: properties.State === 'ENABLED',
    matches: EventPattern === undefined ? undefined : compileEventPattern(EventPattern),
    everyMs: ScheduleExpression === undefined ? undefined : readRate(ScheduleExpression),
    targets: properties.Targets.map((target) => {
      if (!/^arn:aws:lambda:[^:]+:\d{12}:function:[^:]+$/.test(target.Arn)) {
        throw new Error(
          `target ${target.Id}: ${target.Arn} is not supported by the local cloud (only Lambda functions are)`,
        );
      }
      return {
        arn: target.Arn,
        render: compileTargetInput(target),
        maximumRetryAttempts: target.RetryPolicy.MaximumRetryAttempts ?? DEFAULT_RETRY_ATTEMPTS,
        maximumEventAgeSeconds: target.RetryPolicy.MaximumEventAgeInSeconds ?? DEFAULT_EVENT_AGE_SECONDS,
        deadLetterArn: target.DeadLetterConfig?.Arn,
      };
    }),
  };
}

/** Returns the event of a rule's schedule. */
export function scheduledEvent(
  rule: EventRule,
): Pick<EventEnvelope, 'source' | 'detail-type' | 'resources' | 'detail'> {
  return { source: 'aws.events', 'detail-type': 'Scheduled Event', resources: [rule.arn], detail: {} };
}
