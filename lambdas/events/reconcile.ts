import * as z from 'zod';
import { type Reconciled, reconcile, reconcileDeployment } from '../domain/reconcile/reconcile.ts';
import type { Repair } from '../domain/reconcile/repairs.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';
import { countStuck, countUnreadable } from '../runtime/metrics.ts';

const services = FUNCTIONS.reconcile.services.from(process.env);

/** `Step Functions Execution Status Change` names an execution. The detail of the schedule's event is not used. */
const DetailSchema = z.object({ name: z.string().optional() });

/** Repairs that show that something went wrong, or is still wrong. */
const STUCK = new Set<Repair['action']>(['ended', 'released', 'failed']);

/** Repairs the environment of the deployment whose execution has ended. */
async function reconcileOne(id: string): Promise<Reconciled> {
  const repair = await reconcileDeployment(services, id);
  return { repairs: repair ? [repair] : [], unreadable: 0 };
}

export const handler = eventHandler(DetailSchema, async ({ name }) => {
  const { repairs, unreadable } = name ? await reconcileOne(name) : await reconcile(services);
  for (const { deploymentId, action, why } of repairs) logger.warn('repaired', { deploymentId, action, why });
  countStuck(repairs.filter(({ action }) => STUCK.has(action)).length);
  if (unreadable > 0) countUnreadable(unreadable);
});
