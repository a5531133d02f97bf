import * as z from 'zod';
import { sendReminders } from '../domain/approval/send-reminders.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';

const services = FUNCTIONS['send-reminders'].services.from(process.env);

/** Reminds approvers who have not decided, on a schedule. Throws when a reminder fails; the next run tries it again. */
export const handler = eventHandler(z.unknown(), async () => {
  const { reminded, failures } = await sendReminders(services);
  for (const { deploymentId, gate, kind } of reminded) logger.info('approver reminded', { deploymentId, gate, kind });
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} reminders could not be sent`);
});
