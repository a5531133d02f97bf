import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { JsonSchema } from '../../asl/json.ts';
import { parseProperties, TagsProperty } from '../../assembly/properties.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { createEventDeliveries, type Delivery } from './event-deliveries.ts';
import { type EventEnvelope, eventTime, type ServiceEvent } from './event-envelope.ts';
import { type EventRule, readRule, scheduledEvent } from './event-rules.ts';
import { createPutEvents } from './put-events.ts';

/** EventBridge: buses, rules on events and on schedules, and deliveries that survive a restart. */
export interface EventsService extends LocalService {
  /** Puts an event of an AWS service on the default bus; the event is stored before this returns. */
  putServiceEvent(event: ServiceEvent): void;
  /** Returns the deliveries that have not reached their targets yet. */
  pendingDeliveries(): readonly Delivery[];
}

interface EventsServiceProps {
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Whether rules on schedules fire by themselves. */
  readonly isClockStriking?: boolean;
}

const EventBusProperties = z.strictObject({ Name: z.string(), Description: z.string().optional(), Tags: TagsProperty });

/** Makes EventBridge. Rules can call Lambda functions that permit the call. A schedule must be a rate. */
export function createEventsService(
  context: Pick<LocalContext, 'accountId' | 'region' | 'door' | 'database' | 'log'>,
  { clock = systemClock, random = Math.random, isClockStriking = true }: EventsServiceProps = {},
): EventsService {
  const { accountId, region } = context;
  const buses = new Set(['default']);
  const rules = new Map<string, EventRule>();
  const timers = new Map<string, () => void>();
  let isStarted = false;
  const deliveries = createEventDeliveries({ source: 'events', context, clock, random });

  const busName = (nameOrArn: string): string => nameOrArn.replace(/^arn:.*:event-bus\//, '');
  const busArn = (nameOrArn: string): string =>
    nameOrArn.startsWith('arn:') ? nameOrArn : `arn:aws:events:${region}:${accountId}:event-bus/${nameOrArn}`;

  const envelope = (
    event: Pick<EventEnvelope, 'source' | 'detail-type' | 'resources' | 'detail'>,
    timeMs = clock.now(),
  ): EventEnvelope => ({
    version: '0',
    id: randomUUID(),
    'detail-type': event['detail-type'],
    source: event.source,
    account: accountId,
    time: eventTime(timeMs),
    region,
    resources: event.resources,
    detail: event.detail,
  });
  const deliver = (rule: EventRule, event: EventEnvelope): void => {
    const origin = { ruleArn: rule.arn, ruleName: rule.name, ingestedAt: eventTime(clock.now()) };
    for (const { arn: targetArn, render, ...target } of rule.targets) {
      try {
        const payload = render(event, origin);
        deliveries.accept({ ...target, ruleArn: rule.arn, targetArn, event: JSON.stringify(event), payload });
      } catch (error) {
        const fields = { ruleArn: rule.arn, targetArn, reason: String(error) };
        context.log({ source: 'events', message: 'an event is lost: its input template gives no JSON', fields });
      }
    }
  };
  const put = (bus: string, event: EventEnvelope): void => {
    const plain = JsonSchema.parse(event);
    for (const rule of rules.values()) {
      if (rule.isEnabled && rule.busName === busName(bus) && rule.matches?.(plain)) deliver(rule, event);
    }
  };
  const tick = (rule: EventRule, everyMs: number): void => {
    const next = clock.now() + everyMs;
    timers.set(
      rule.arn,
      clock.at(next, () => {
        deliver(rule, envelope(scheduledEvent(rule)));
        tick(rule, everyMs);
      }),
    );
  };

  const schedule = (rule: EventRule): void => {
    if (isClockStriking && rule.isEnabled && rule.everyMs !== undefined) tick(rule, rule.everyMs);
  };

  return {
    service: {
      signingName: 'events',
      protocol: createJsonProtocol({ targetPrefix: 'AWSEvents', version: '1.1' }),
      operations: {
        PutEvents: createPutEvents({
          busArn,
          hasBus: (nameOrArn) => buses.has(busName(nameOrArn)),
          put(nameOrArn, { timeMs, ...event }) {
            const complete = envelope(event, timeMs);
            put(nameOrArn, complete);
            return complete.id;
          },
        }),
      },
    },
    provisioners: {
      'AWS::Events::EventBus'(resource) {
        const { Name } = parseProperties(resource, EventBusProperties);
        buses.add(Name);
        return { ref: Name, attributes: { Arn: busArn(Name), Name } };
      },
      'AWS::Events::Rule'(resource) {
        const rule = readRule(resource, context);
        if (!buses.has(rule.busName)) throw new Error(`event bus ${rule.busName} does not exist`);
        rules.set(rule.arn, rule);
        if (isStarted) schedule(rule);
        return {
          ref: rule.busName === 'default' ? rule.name : `${rule.busName}|${rule.name}`,
          attributes: { Arn: rule.arn },
          remove() {
            rules.delete(rule.arn);
            timers.get(rule.arn)?.();
            timers.delete(rule.arn);
          },
        };
      },
    },
    start() {
      deliveries.resume();
      isStarted = true;
      for (const rule of rules.values()) schedule(rule);
    },
    stop() {
      deliveries.stop();
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
    putServiceEvent({ source, detailType, resources, detail }) {
      put('default', envelope({ source, 'detail-type': detailType, resources, detail }));
    },
    pendingDeliveries: () => deliveries.pending(),
  };
}
