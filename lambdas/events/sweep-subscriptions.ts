import * as z from 'zod';
import { sweepSubscriptions } from '../domain/approver/sweep-subscriptions.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';
import { countLost } from '../runtime/metrics.ts';

const services = FUNCTIONS['sweep-subscriptions'].services.from(process.env);

/** Records, on a schedule, what SNS says about every approver's subscription. A lost subscription raises an alarm. */
export const handler = eventHandler(z.unknown(), async () => {
  const { lost, failures } = await sweepSubscriptions(services);
  for (const { application, email } of lost) logger.warn('approver lost', { application, email });
  countLost(lost.length);
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} subscriptions could not be mended`);
});
