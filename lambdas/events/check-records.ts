import * as z from 'zod';
import { checkRecords } from '../domain/health/check-records.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';

const services = FUNCTIONS['check-records'].services.from(process.env);

/** Looks at all applications on a schedule. The store reports each record that cannot be read. */
export const handler = eventHandler(z.unknown(), async () => {
  const { applications, unreadable, owing, filled, failures } = await checkRecords(services);
  for (const environment of owing) logger.warn('promotion owed', { environment });
  logger.info('records checked', { applications, unreadable: unreadable.length, filled: filled.length });
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} looks have failed`);
});
