import type { Deployment, EndingError } from './deployment.ts';
import { isOutdated } from './environment-state.ts';
import { RefusedError } from './errors.ts';
import { requireProven } from './place-deployment.ts';
import type { Transaction } from './ports.ts';

/**
 * What the pipeline holds against a deployment by now, if anything: the proof of the environment before (rule 1), a
 * newer release that was applied (rule 5), a hold. All of that was judged when it was created, and may have changed.
 */
export async function objectionTo(
  transaction: Transaction,
  { application: name, environment, release, operation, automatic }: Deployment,
): Promise<EndingError | undefined> {
  const [application, state] = [
    await transaction.get('application', { name }),
    await transaction.get('environmentState', { application: name, environment }),
  ];
  if (!application || !state) return { reason: 'environment-removed', message: `${name}/${environment} was removed` };
  if (isOutdated(state, { release, operation }))
    return { reason: 'older-release', message: `release ${state.newestStarted} was applied meanwhile` };
  if (automatic && state.hold)
    return { reason: 'environment-on-hold', message: `${environment} is on hold: ${state.hold.reason}` };
  if (operation === 'destroy') return undefined;
  try {
    await requireProven(transaction, application, environment, release);
    return undefined;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { reason: error.refusal, message: error.message };
  }
}
