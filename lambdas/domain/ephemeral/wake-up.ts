import type { EphemeralEnvironment } from '../model/environment.ts';
import type { Scheduler } from '../ports.ts';

/** Returns the name of the wake-up. Names of schedules have at most 64 characters, which the two names always fit. */
export const wakeUpName = ({ application, name }: Pick<EphemeralEnvironment, 'application' | 'name'>): string =>
  `${application}.${name}`;

/**
 * Schedules a run of the sweep for the time when the environment ends. The sweep also runs by itself, so after a lost
 * wake-up the environment only ends late.
 */
export async function wakeUpAtEnd(
  { scheduler }: { readonly scheduler: Scheduler },
  environment: EphemeralEnvironment,
): Promise<void> {
  const { application, name, expiresAt } = environment;
  await scheduler.wakeAt(wakeUpName(environment), expiresAt, { application, environment: name });
}
