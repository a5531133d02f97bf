import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { roleSession, serviceCaller } from '../../door/callers.ts';
import { AwsError, type Caller } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';

/** An event or a scheduled call that a target must still get. */
export interface Delivery {
  /** The rule or schedule that makes the delivery. */
  readonly ruleArn: string;
  /** The role with which the target is invoked; without one the service invokes the target by itself. */
  readonly roleArn?: string;
  readonly targetArn: string;
  /** The event as it was put, for the dead-letter queue. */
  readonly event: string;
  /** The input of the target. */
  readonly payload: string;
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
  readonly deadLetterArn: string | undefined;
}

interface PendingDelivery extends Delivery {
  readonly acceptedAt: number;
  readonly dueAt: number;
  readonly attempts: number;
}

/** Errors that a retry cannot fix; EventBridge gives up at once. */
const FINAL_REFUSALS = new Set([
  'AccessDeniedException',
  'ResourceNotFoundException',
  'RequestTooLargeException',
  'InvalidRequestContentException',
]);

/**
 * Milliseconds until the first retry. AWS spreads its retries over a day; here the first ones come fast, because a
 * person is watching.
 */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 60_000;

interface EventDeliveriesProps {
  /** The service that makes the deliveries. */
  readonly source: 'events' | 'scheduler';
  readonly context: Pick<LocalContext, 'database' | 'door' | 'accountId' | 'log'>;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface EventDeliveries {
  /** Stores the delivery permanently before it returns. The target gets it at least once, also after a restart. */
  accept(delivery: Delivery): void;
  /** Returns the deliveries that have not reached their targets yet. */
  pending(): readonly Delivery[];
  resume(): void;
  stop(): void;
}

/**
 * Makes the deliveries of EventBridge: it delivers, retries with growing delays, and at last sends the event to the
 * dead-letter queue.
 */
export function createEventDeliveries({ source, context, clock, random }: EventDeliveriesProps): EventDeliveries {
  const { database, door, accountId, log } = context;
  const deliveries = database.collection<PendingDelivery>(`${source}-deliveries`);
  const callerOf = ({ ruleArn, roleArn }: Delivery): Caller =>
    roleArn === undefined ? serviceCaller(`${source}.amazonaws.com`, ruleArn, accountId) : roleSession(roleArn, source);
  const scheduled = new Map<string, () => void>();
  let isStopped = false;

  const schedule = (id: string, { dueAt }: PendingDelivery): void => {
    if (isStopped || scheduled.has(id)) return;
    const attempt = (): void => {
      deliver(id).catch((error: unknown) =>
        log({ source, message: 'a delivery crashed', fields: { id, error: String(error) } }),
      );
    };
    scheduled.set(id, clock.at(dueAt, attempt));
  };

  const deliver = async (id: string): Promise<void> => {
    const delivery = deliveries.get(id);
    if (!delivery || isStopped) return;
    const { targetArn, payload } = delivery;
    try {
      await door.call(callerOf(delivery), 'lambda', 'Invoke', {
        FunctionName: targetArn,
        InvocationType: 'Event',
        Payload: payload,
      });
      deliveries.delete(id);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const next = nextAttempt(delivery, error);
      if (next) deliveries.put(id, next);
      else {
        await giveUp(delivery, error);
        deliveries.delete(id);
      }
    } finally {
      scheduled.delete(id);
    }
    const next = deliveries.get(id);
    if (next) schedule(id, next);
  };

  const nextAttempt = (delivery: PendingDelivery, error: AwsError): PendingDelivery | undefined => {
    const attempts = delivery.attempts + 1;
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** delivery.attempts) * (0.5 + random() / 2);
    const dueAt = clock.now() + delay;
    const isTooOld = dueAt > delivery.acceptedAt + delivery.maximumEventAgeSeconds * 1000;
    if (FINAL_REFUSALS.has(error.code) || attempts > delivery.maximumRetryAttempts || isTooOld) return undefined;
    return { ...delivery, attempts, dueAt };
  };

  const giveUp = async (delivery: PendingDelivery, error: AwsError): Promise<void> => {
    const { ruleArn, targetArn, deadLetterArn, event, attempts } = delivery;
    const fields = { ruleArn, targetArn, reason: error.message };
    if (deadLetterArn === undefined) {
      log({
        source,
        message: 'an event is lost: its target refuses it and the rule has no dead-letter queue',
        fields,
      });
      return;
    }
    log({ source, message: 'an event went to the dead-letter queue', fields: { ...fields, deadLetterArn } });
    const attributes = {
      RULE_ARN: ruleArn,
      TARGET_ARN: targetArn,
      ERROR_CODE: error.code,
      ERROR_MESSAGE: error.message,
      RETRY_ATTEMPTS: String(attempts),
    };
    const [, , , region, account, name] = deadLetterArn.split(':');
    await door
      .call(callerOf(delivery), 'sqs', 'SendMessage', {
        QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
        MessageBody: event,
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([key, StringValue]) => [key, { DataType: 'String', StringValue }]),
        ),
      })
      .catch((refusal: unknown) => {
        log({
          source,
          message: 'an event is lost: the dead-letter queue refuses it',
          fields: { ...fields, deadLetterArn, refusal: String(refusal) },
        });
      });
  };

  return {
    accept(delivery) {
      const id = randomUUID();
      const pending = { ...delivery, acceptedAt: clock.now(), dueAt: clock.now(), attempts: 0 };
      deliveries.put(id, pending);
      schedule(id, pending);
    },
    pending: () => deliveries.entries().map(([, delivery]) => delivery),
    resume() {
      for (const [id, delivery] of deliveries.entries()) schedule(id, delivery);
    },
    stop() {
      isStopped = true;
      for (const cancel of scheduled.values()) cancel();
      scheduled.clear();
    },
  };
}
