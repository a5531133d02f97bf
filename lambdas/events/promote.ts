import { DeploymentSucceededSchema } from '../domain/events.ts';
import { promoteAutomatically } from '../domain/release/promote.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';
import { logger } from '../runtime/logger.ts';

const services = FUNCTIONS.promote.services.from(process.env);

/** Promotes the release on DeploymentSucceeded, where the policy says that promotion is automatic. */
export const handler = eventHandler(
  DeploymentSucceededSchema,
  async ({ deploymentId }) => {
    const promotion = await promoteAutomatically(services, deploymentId);
    logger.info('promotion considered', { deploymentId, promotion: promotion ?? 'none' });
  },
  { comesOnce: true },
);
