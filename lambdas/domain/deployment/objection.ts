import type { EndingError } from '../endings.ts';
import type { Deployment } from '../model/deployment.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';
import { isOutdated } from '../model/environment-state.ts';
import type { Reader, Transaction } from '../ports.ts';
import { objectionToProof, readForProof } from './proof.ts';

/** Objects to deploying into an ephemeral environment that is being destroyed; it has no other rule. */
const objectionToEphemeral = ({ name, life }: EphemeralEnvironment): EndingError | undefined =>
  life.phase === 'open' ? undefined : { reason: 'environment-closing', message: `${name} is ${life.phase}` };

/** Reads in parallel the records that `objectionTo` would read one after the other. */
export async function readForObjection(
  ahead: Reader,
  { application: name, environment, release }: Deployment,
): Promise<void> {
  const [application] = await Promise.all([
    ahead.get('application', { name }),
    ahead.get('environment', { application: name, name: environment }),
    ahead.get('environmentState', { application: name, environment }),
  ]);
  const previous = application?.pipeline[application.pipeline.indexOf(environment) - 1];
  if (previous !== undefined && release !== undefined)
    await Promise.all(readForProof(ahead, { application: name, environment: previous, release }));
}

/**
 * Returns the reason why the pipeline forbids a deployment now, if there is one: a missing proof of the previous
 * environment (rule 1), a newer release that was applied (rule 5), a hold. All of this was checked when the deployment
 * was created, and may have changed.
 */
export async function objectionTo(transaction: Transaction, deployment: Deployment): Promise<EndingError | undefined> {
  const { application: name, environment, release, operation, automatic } = deployment;
  const [application, target, state] = await Promise.all([
    transaction.get('application', { name }),
    transaction.get('environment', { application: name, name: environment }),
    transaction.get('environmentState', { application: name, environment }),
  ]);
  if (!application || !target || !state)
    return { reason: 'environment-removed', message: `${name}/${environment} was removed` };
  if (target.type === 'ephemeral') return operation === 'destroy' ? undefined : objectionToEphemeral(target);
  if (release === undefined) throw new Error(`deployment "${deployment.id}" to ${environment} has no release`);
  if (isOutdated(state, { release, operation }))
    return { reason: 'older-release', message: `release ${state.newestStarted} was applied meanwhile` };
  if (automatic && state.hold)
    return { reason: 'environment-on-hold', message: `${environment} is on hold: ${state.hold.reason}` };
  if (operation === 'destroy') return undefined;
  const unproven = await objectionToProof(transaction, application, environment, release);
  return unproven && { reason: unproven.refusal, message: unproven.message };
}
