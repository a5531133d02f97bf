import { GetScheduleCommand, ResourceNotFoundException, type SchedulerClient } from '@aws-sdk/client-scheduler';
import * as z from 'zod';
import { EventBridgeScheduler } from '../../lambdas/adapters/event-bridge-scheduler.ts';
import type { OpenScheduler } from '../contracts/scheduler-contract.ts';

export const SCHEDULE_ROLE_ARN = 'arn:aws:iam::111111111111:role/wake-up';
export const SWEEP_ARN = 'arn:aws:lambda:eu-west-1:111111111111:function:stagegate-sweep';

const InputSchema = z.object({ detail: z.object({ application: z.string(), environment: z.string() }) });

/** Returns the adapter, with methods that read from the service behind it. */
export function openScheduler(
  client: SchedulerClient,
  props: { roleArn?: string; functionArn?: string } = {},
): OpenScheduler {
  const roles = { roleArn: SCHEDULE_ROLE_ARN, functionArn: SWEEP_ARN, ...props };
  return {
    scheduler: new EventBridgeScheduler({ group: 'stagegate', ...roles }, client),
    async read(name) {
      try {
        const found = await client.send(new GetScheduleCommand({ Name: name, GroupName: 'stagegate' }));
        const [, at = ''] = /^at\((.+)\)$/.exec(found.ScheduleExpression ?? '') ?? [];
        const { detail } = InputSchema.parse(JSON.parse(found.Target?.Input ?? ''));
        return { at: `${at}.000Z`, ...detail };
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    },
  };
}
