import * as z from 'zod';
import { type Repair, reconcile, reconcileDeployment } from '../domain/reconcile.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';
import { countStuck } from '../runtime/metrics.ts';

const services = FUNCTIONS.reconcile.services.from(process.env);

/** `Step Functions Execution Status Change` names an execution. The detail of the schedule's event is not used. */
const DetailSchema = z.object({ name: z.string().optional() });

/** Repairs that show that something went wrong, or is still wrong. */
const STUCK = new Set<Repair['action']>(['ended', 'released', 'failed']);

export const handler = eventHandler(DetailSchema, async ({ name }) => {
  const repairs = name ? [await reconcileDeployment(services, name)] : await reconcile(services);
  const done = repairs.filter((repair) => repair !== undefined);
  for (const { deploymentId, action, why } of done) logger.warn('repaired', { deploymentId, action, why });
  countStuck(done.filter(({ action }) => STUCK.has(action)).length);
});
