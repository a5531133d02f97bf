import {
  ConflictException,
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  ResourceNotFoundException,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { EVENT_SOURCE } from '../domain/events.ts';
import type { Scheduler } from '../domain/ports.ts';

interface EventBridgeSchedulerProps {
  readonly group: string;
  /** Assumed by EventBridge Scheduler to invoke the function. */
  readonly roleArn: string;
  readonly functionArn: string;
}

/** `at(2026-11-23T10:00:00)`, in UTC and without fractions: a time within a second becomes its end, never its beginning. */
const expressionOf = (at: string): string =>
  `at(${new Date(Math.ceil(Date.parse(at) / 1000) * 1000).toISOString().slice(0, 19)})`;

/**
 * One-time schedules that invoke a function and are gone afterwards. Delivery is at least once and not guaranteed for
 * good: whoever is woken looks at the records, and looks without being woken, too.
 */
export class EventBridgeScheduler implements Scheduler {
  readonly #props: EventBridgeSchedulerProps;
  readonly #client: SchedulerClient;

  constructor(props: EventBridgeSchedulerProps, client: SchedulerClient = new SchedulerClient({})) {
    this.#props = props;
    this.#client = client;
  }

  async wakeAt(name: string, at: string, environment: { application: string; environment: string }): Promise<void> {
    const { group, roleArn, functionArn } = this.#props;
    const schedule: CreateScheduleCommandInput = {
      Name: name,
      GroupName: group,
      ScheduleExpression: expressionOf(at),
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'DELETE',
      Target: {
        Arn: functionArn,
        RoleArn: roleArn,
        // What EventBridge would put around an event: the function has one shape to read.
        Input: JSON.stringify({
          id: name,
          source: EVENT_SOURCE,
          'detail-type': 'EnvironmentExpires',
          time: at,
          detail: environment,
        }),
      },
    };
    try {
      await this.#client.send(new CreateScheduleCommand(schedule));
    } catch (error) {
      if (!(error instanceof ConflictException)) throw error;
      await this.#replace(schedule);
    }
  }

  /** There was one a moment ago. If it has just been completed and deleted, it is made anew. */
  async #replace(schedule: CreateScheduleCommandInput): Promise<void> {
    try {
      await this.#client.send(new UpdateScheduleCommand(schedule));
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
      await this.#client.send(new CreateScheduleCommand(schedule));
    }
  }

  async cancel(name: string): Promise<void> {
    try {
      await this.#client.send(new DeleteScheduleCommand({ Name: name, GroupName: this.#props.group }));
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
    }
  }
}
