import type { LocalContext } from '../local-context.ts';
import type { LocalFunction } from './local-function.ts';

/** How Lambda handles events of one function that keep failing. */
export interface EventInvokeConfig {
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
  readonly onFailureArn: string | undefined;
}

interface QueuedEvent {
  readonly functionName: string;
  readonly payload: string;
  readonly receivedAt: number;
  readonly dueAt: number;
  readonly attempts: number;
}

/** Milliseconds before the retries. AWS waits one minute and then two minutes, which is too long on a laptop. */
const RETRY_DELAYS_MS = [1_000, 2_000];

export const DEFAULT_EVENT_INVOKE_CONFIG: EventInvokeConfig = {
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 6 * 3600,
  onFailureArn: undefined,
};

interface AsyncInvocationsProps {
  readonly context: Pick<LocalContext, 'database' | 'door' | 'log'>;
  readonly findFunction: (functionName: string) => LocalFunction | undefined;
  readonly configOf: (functionName: string) => EventInvokeConfig;
}

export interface AsyncInvocations {
  /** Stores the event before it returns. The event is delivered at least once, also after a restart. */
  accept(requestId: string, functionName: string, payload: string): void;
  /** Returns the number of events whose processing has not finished: their function is running or will run. */
  pending(): number;
  resume(): void;
  stop(): void;
}

/**
 * Makes the queue behind invocations of type `Event`. It delivers events, retries, and sends events that keep failing
 * to the dead-letter queue.
 */
export function createAsyncInvocations({ context, findFunction, configOf }: AsyncInvocationsProps): AsyncInvocations {
  const events = context.database.collection<QueuedEvent>('lambda-async-events');
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;

  const schedule = (requestId: string, event: QueuedEvent): void => {
    if (stopped) return;
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        deliver(requestId, event).catch((error: unknown) =>
          context.log({
            source: event.functionName,
            message: 'delivering an event failed',
            fields: { error: String(error) },
          }),
        );
      },
      Math.max(0, event.dueAt - Date.now()),
    );
    timers.add(timer);
  };

  const deliver = async (requestId: string, event: QueuedEvent): Promise<void> => {
    const target = findFunction(event.functionName);
    if (!target) {
      events.delete(requestId);
      throw new Error(`function ${event.functionName} of a kept event does not exist any more`);
    }
    const outcome = await target.invoke(requestId, event.payload);
    if (stopped) return;
    if (outcome.ok) {
      events.delete(requestId);
      return;
    }
    const config = configOf(event.functionName);
    const attempts = event.attempts + 1;
    const delay = RETRY_DELAYS_MS[event.attempts] ?? 0;
    const tooOld = Date.now() + delay > event.receivedAt + config.maximumEventAgeSeconds * 1000;
    if (attempts <= config.maximumRetryAttempts && !tooOld) {
      const retry = { ...event, attempts, dueAt: Date.now() + delay };
      events.put(requestId, retry);
      schedule(requestId, retry);
      return;
    }
    context.log({
      source: event.functionName,
      message: 'event given up',
      fields: { requestId, error: outcome.error.errorMessage },
    });
    // The event is deleted first: as on AWS, an event that the dead-letter queue refuses is lost. The loss is logged.
    events.delete(requestId);
    await reportFailure(context, {
      requestId,
      event,
      attempts,
      target,
      config,
      payload: JSON.stringify(outcome.error),
    });
  };

  return {
    accept(requestId, functionName, payload) {
      const event = { functionName, payload, receivedAt: Date.now(), dueAt: Date.now(), attempts: 0 };
      events.put(requestId, event);
      schedule(requestId, event);
    },
    pending: () => events.entries().length,
    resume() {
      for (const [requestId, event] of events.entries()) schedule(requestId, event);
    },
    stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

interface FailedEvent {
  readonly requestId: string;
  readonly event: QueuedEvent;
  readonly attempts: number;
  readonly target: LocalFunction;
  readonly config: EventInvokeConfig;
  readonly payload: string;
}

/**
 * Sends the event itself to the dead-letter queue, and a record about it to an on-failure destination; both with the
 * function's own permissions.
 */
async function reportFailure({ door }: Pick<LocalContext, 'door'>, failed: FailedEvent): Promise<void> {
  const { target, requestId, event, payload } = failed;
  if (target.deadLetterArn !== undefined) {
    await send(door, target, target.deadLetterArn, event.payload, {
      RequestID: { DataType: 'String', StringValue: requestId },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      ErrorMessage: { DataType: 'String', StringValue: payload.slice(0, 1024) },
    });
  }
  if (failed.config.onFailureArn !== undefined) {
    const record = {
      version: '1.0',
      timestamp: new Date().toISOString(),
      requestContext: {
        requestId,
        functionArn: `${target.arn}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: failed.attempts,
      },
      requestPayload: JSON.parse(event.payload),
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: JSON.parse(payload),
    };
    await send(door, target, failed.config.onFailureArn, JSON.stringify(record), {});
  }
}

/** Throws an error that names a target to which the local cloud cannot send failed events. */
export function requireFailureTarget(targetArn: string): void {
  if (!/^arn:aws:(sqs|sns):/.test(targetArn)) {
    throw new Error(`failed events to ${targetArn} are not supported by the local cloud (only SQS and SNS are)`);
  }
}

async function send(
  door: LocalContext['door'],
  { caller }: LocalFunction,
  targetArn: string,
  body: string,
  attributes: Readonly<Record<string, { DataType: string; StringValue: string }>>,
): Promise<void> {
  const [, , service, region, accountId, name] = targetArn.split(':');
  if (service === 'sns') {
    await door.call(caller, 'sns', 'Publish', { TopicArn: targetArn, Message: body, MessageAttributes: attributes });
    return;
  }
  const QueueUrl = `https://sqs.${region}.amazonaws.com/${accountId}/${name}`;
  await door.call(caller, 'sqs', 'SendMessage', { QueueUrl, MessageBody: body, MessageAttributes: attributes });
}
