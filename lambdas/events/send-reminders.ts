import * as z from 'zod';
import { sendReminders } from '../domain/approval/send-reminders.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';

const services = FUNCTIONS['send-reminders'].services.from(process.env);

/** The schedule: whoever has not decided is reminded. What failed is tried again by the next run, and reported now. */
export const handler = eventHandler(z.unknown(), async () => {
  const { reminded, failures } = await sendReminders(services);
  for (const { deploymentId, gate, kind } of reminded) logger.info('approver reminded', { deploymentId, gate, kind });
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} reminders could not be sent`);
});
