import * as z from 'zod';
import { reconcile, reconcileDeployment } from '../domain/reconcile.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';
import { countStuck } from '../runtime/metrics.ts';
import { servicesOf } from '../runtime/services.ts';

const services = servicesOf('reconcile');

/** `Step Functions Execution Status Change` names an execution; the schedule's event has no detail of use. */
const DetailSchema = z.object({ name: z.string().optional() });

export const handler = eventHandler(DetailSchema, async ({ name }) => {
  const repairs = name ? [await reconcileDeployment(services, name)] : await reconcile(services);
  const done = repairs.filter((repair) => repair !== undefined);
  for (const { deploymentId, action, why } of done) logger.warn('repaired', { deploymentId, action, why });
  countStuck(done.filter(({ action }) => action === 'ended' || action === 'released').length);
});
