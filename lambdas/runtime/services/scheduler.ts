import * as z from 'zod';
import type { Scheduler } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

/** Wake-ups: schedules in this group that invoke the function with the role. */
export const scheduler = service(
  {
    SCHEDULE_GROUP: z.string().min(1),
    SCHEDULE_ROLE_ARN: z.string().startsWith('arn:'),
    WAKE_UP_FUNCTION_ARN: z.string().startsWith('arn:'),
  },
  ({ SCHEDULE_GROUP: group, SCHEDULE_ROLE_ARN: roleArn, WAKE_UP_FUNCTION_ARN: functionArn }) => ({
    scheduler: lazyPort<Scheduler>(
      'EventBridge Scheduler',
      async () =>
        new (await import('../../adapters/event-bridge-scheduler.ts')).EventBridgeScheduler({
          group,
          roleArn,
          functionArn,
        }),
    ),
  }),
);
