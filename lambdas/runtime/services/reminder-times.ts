import * as z from 'zod';
import type { ReminderTimes } from '../../domain/approval/send-reminders.ts';
import { service } from './service-set.ts';

/** When approvers who have not decided are reminded: seconds after the gate opened, and seconds before it expires. */
export const reminderTimes = service(
  {
    FIRST_REMINDER_SECONDS: z.coerce.number().int().min(1),
    LAST_REMINDER_SECONDS: z.coerce.number().int().min(1),
  },
  ({ FIRST_REMINDER_SECONDS, LAST_REMINDER_SECONDS }): { reminderTimes: ReminderTimes } => ({
    reminderTimes: { firstReminderSeconds: FIRST_REMINDER_SECONDS, lastReminderSeconds: LAST_REMINDER_SECONDS },
  }),
);
