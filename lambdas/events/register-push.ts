import { followPush } from '../domain/ephemeral/follow-branch.ts';
import { ConfigPushedSchema } from '../domain/events.ts';
import { asTakenIn } from '../domain/model/push-order.ts';
import { registerPush } from '../domain/release/register-push.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';
import { countReplacedRepository } from '../runtime/metrics.ts';

const services = FUNCTIONS['register-push'].services.from(process.env);

/**
 * Makes a release for every application that a push concerns (ConfigPushed), and deploys the push to the ephemeral
 * environments that wait for its branch or follow it.
 */
export const handler = eventHandler(ConfigPushedSchema, async (told, { time }) => {
  // Lambda may deliver an event hours after it was put on the bus.
  const push = asTakenIn(told, endOfSecond(time));
  for (const { application, order, release } of await registerPush(services, push)) {
    logger.info('push registered', { application, order, release: release?.number, commit: push.after });
    if (order === 'foreign') countReplacedRepository();
  }
  await followPush(services, push);
});

const endOfSecond = (time: string): string => new Date(Date.parse(time) + 999).toISOString();
