import type { EphemeralEnvironment } from '../model/environment.ts';
import type { Scheduler } from '../ports.ts';

/** Names of schedules have at most 64 characters: a prefix, an application and an environment always fit. */
export const wakeUpName = ({ application, name }: Pick<EphemeralEnvironment, 'application' | 'name'>): string =>
  `${application}.${name}`;

/**
 * Has the sweeper woken when the environment's time is over. The sweeper looks by itself, too: a wake-up that is lost
 * costs punctuality and nothing else.
 */
export async function wakeUpAtEnd(
  { scheduler }: { readonly scheduler: Scheduler },
  environment: EphemeralEnvironment,
): Promise<void> {
  const { application, name, expiresAt } = environment;
  await scheduler.wakeAt(wakeUpName(environment), expiresAt, { application, environment: name });
}
