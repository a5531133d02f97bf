import { deleteUnusedTicket, redeemingBuild } from '../build/apply-ticket.ts';
import { NotFoundError, RefusedError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import { type Deployment, isTerminal, type Requester } from '../model/deployment.ts';
import type { Builds, Surroundings } from '../ports.ts';
import type { EffectServices } from '../transaction/effects.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { announceEnding } from './announce-ending.ts';
import { keepEnding } from './record-ending.ts';
import { releaseEnvironment } from './release-environment.ts';

type Services = EffectServices & {
  readonly builds: Pick<Builds, 'anyInProgress'>;
  readonly surroundings: Surroundings;
};

/**
 * Ends a deployment whose execution and build are gone, whatever they left, and releases its environment: the way out
 * if the reconciler cannot repair it. Reads nothing that a build left. Throws NotFoundError, RefusedError
 * `still-running`.
 */
export async function releaseByHand(
  services: Services,
  id: string,
  { by, reason }: { readonly by: Requester; readonly reason: string },
): Promise<Deployment> {
  const { store, surroundings } = services;
  const deployment = await store.get('deployment', { id });
  if (!deployment) throw new NotFoundError('deployment', id);
  const { application, environment, status } = deployment;
  const state = await store.get('environmentState', { application, environment });
  if (state?.holder?.deploymentId !== id)
    throw new RefusedError('not-the-holder', `"${id}" is ${status} and does not hold ${application}/${environment}`);
  await requireGone(services, deployment);
  await store.transact((transaction) =>
    recordAudit(transaction, surroundings, {
      application,
      environment,
      deploymentId: id,
      type: 'released-by-hand',
      ...actorOf(by),
      comment: reason,
      details: { status },
    }),
  );
  if (!isTerminal(status)) {
    const message = `released by ${by.approver ?? by.principal}: ${reason}`;
    const error = { reason: 'released-by-hand', message };
    await keepEnding(services, id, {
      ending: 'failed',
      failure: { error, applied: status === 'applying' ? 'unknown' : 'no' },
    });
  }
  await announceEnding(services, id).catch(() => undefined);
  await releaseEnvironment(services, id);
  return (await store.get('deployment', { id })) ?? deployment;
}

/** Refuses while an execution or a build is running: nobody else may change the Terraform state meanwhile. */
async function requireGone({ store, workflow, builds }: Services, deployment: Deployment): Promise<void> {
  const { id } = deployment;
  const { status } = await workflow.execution(id);
  if (status === 'running')
    throw new RefusedError('still-running', `the execution of "${id}" is still running; stop it first`);
  await deleteUnusedTicket(store, deployment);
  const started = [
    ...(await redeemingBuild(store, deployment)),
    ...(status === 'absent' ? [] : await workflow.builds(id)),
  ];
  if (started.length > 0 && (await builds.anyInProgress(started)))
    throw new RefusedError('still-running', `a build of "${id}" is still in progress`);
}
