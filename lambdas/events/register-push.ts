import type * as z from 'zod';
import { followPush } from '../domain/ephemeral/follow-branch.ts';
import { ConfigPushedSchema } from '../domain/events.ts';
import { asTakenIn } from '../domain/model/push-order.ts';
import { registerPush } from '../domain/release/register-push.ts';
import { failuresOf, throwTogether } from '../domain/transaction/failures.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';
import { countReplacedRepository } from '../runtime/metrics.ts';

const services = FUNCTIONS['register-push'].services.from(process.env);

/**
 * Makes a release for every application that a push concerns (ConfigPushed), and deploys the push to the ephemeral
 * environments that wait for its branch or follow it. Throws at the end what has failed, so that the event comes again.
 */
const register = async (told: z.output<typeof ConfigPushedSchema>, { time }: { readonly time: string }) => {
  // Lambda may deliver an event hours after it was put on the bus.
  const push = asTakenIn(told, endOfSecond(time));
  const { registered, failures } = await registerPush(services, push);
  for (const { application, order, release } of registered) {
    logger.info('push registered', { application, order, release: release?.number, commit: push.after });
    if (order === 'foreign') countReplacedRepository();
  }
  throwTogether([...failures, ...(await failuresOf([push], (each) => followPush(services, each)))]);
};

export const handler = eventHandler(ConfigPushedSchema, register, { comesOnce: true });

const endOfSecond = (time: string): string => new Date(Date.parse(time) + 999).toISOString();
