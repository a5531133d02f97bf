import * as z from 'zod';
import type { Swept } from '../domain/ephemeral/sweep-environment.ts';
import { sweepEnvironments } from '../domain/ephemeral/sweep-environments.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';
import { countStuckEnvironments } from '../runtime/metrics.ts';

const services = FUNCTIONS.sweep.services.from(process.env);

/** A wake-up names an environment whose time is over. The detail of the schedule's event is not used. */
const DetailSchema = z.object({ application: z.string().optional(), environment: z.string().optional() });

/** Results that are counted for the alarm, because a person has to act on them. */
const STUCK = new Set<Swept['action']>(['stuck', 'failed']);

async function sweepOne(place: { readonly application: string; readonly environment: string }): Promise<Swept[]> {
  const { sweepEnvironment } = await import('../domain/ephemeral/sweep-environment.ts');
  return sweepEnvironment(services, place);
}

export const handler = eventHandler(DetailSchema, async ({ application, environment }) => {
  const swept =
    application && environment ? await sweepOne({ application, environment }) : await sweepEnvironments(services);
  for (const done of swept) logger.warn('swept', { ...done });
  countStuckEnvironments(swept.filter(({ action }) => STUCK.has(action)).length);
});
