import * as z from 'zod';
import { checkCertificates } from '../domain/dns/check-certificates.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';
import { countFailingCertificates } from '../runtime/metrics.ts';

const services = FUNCTIONS['check-certificates'].services.from(process.env);

/** Checks all certificates on a schedule. The detail of the schedule's event is not used. */
export const handler = eventHandler(z.unknown(), async () => {
  const failing = await checkCertificates(services);
  for (const { application, environment, problem } of failing)
    logger.warn('certificate failing', { application, environment, problem });
  countFailingCertificates(failing.length);
});
