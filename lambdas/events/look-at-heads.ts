import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { lookAtHeads } from '../domain/heads/look-at-heads.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';

const services = FUNCTIONS['look-at-heads'].services.from(process.env);

/** Git hosts deliver a push within seconds: after this pause, a push that nobody told of is a lost one. */
const PAUSE_MS = 30_000;
/** The time for asking, of the five minutes that the function has. */
const ASKING_MS = 200_000;

/** Asks public config repositories for their heads. A repository that gives no answer is asked again by the next run. */
export const handler = eventHandler(z.unknown(), async () => {
  const until = new Date(Date.now() + ASKING_MS).toISOString();
  const looks = await lookAtHeads(services, { parts: services.headHosts, pause: () => pause(PAUSE_MS), until });
  for (const { repository, branch, outcome, problem } of looks) {
    if (outcome === 'unchanged') continue;
    logger.info('repository asked for its heads', { repository, branch, outcome, problem });
  }
  logger.info('heads compared', { branches: looks.length });
});
