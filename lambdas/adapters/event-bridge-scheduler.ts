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
  /** The role that EventBridge Scheduler assumes to invoke the function. */
  readonly roleArn: string;
  readonly functionArn: string;
}

/** Returns `at(2026-11-23T10:00:00)`, in UTC. Fractions of a second are rounded up, so a schedule is never early. */
const expressionOf = (at: string): string =>
  `at(${new Date(Math.ceil(Date.parse(at) / 1000) * 1000).toISOString().slice(0, 19)})`;

/**
 * One-time schedules that invoke a function and are deleted afterwards. An invocation may come twice or get lost, so
 * the function decides by the records, and also runs without these schedules.
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
        // The envelope that EventBridge puts around an event, so that the function reads one shape only.
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

  /** Updates the schedule that exists. If that one has just run and was deleted, creates it again. */
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
