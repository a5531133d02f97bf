import type { SweepServices, Swept } from './sweep-environment.ts';

/**
 * Checks every ephemeral environment that is not closed, and does what is due because of the time or because an event
 * was lost. It needs no event itself. What can be due is loaded only if there is such an environment.
 */
export async function sweepEnvironments(services: SweepServices): Promise<Swept[]> {
  const register = await services.store.get('ephemeralRegister', {});
  if (!register || register.live.length === 0) return [];
  const { sweepEnvironment } = await import('./sweep-environment.ts');
  const swept: Swept[] = [];
  for (const place of register.live) {
    try {
      swept.push(...(await sweepEnvironment(services, place)));
    } catch (error) {
      // A failure in one environment must not prevent the sweep of the others (rule 6).
      swept.push({ ...place, action: 'failed', why: String(error) });
    }
  }
  return swept;
}
