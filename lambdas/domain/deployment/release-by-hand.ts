import * as z from 'zod';
import { findApplyTicket, redeemingBuild } from '../build/apply-ticket.ts';
import { giveBackPlan } from '../build/give-back-plan.ts';
import { NotFoundError, RefusedError } from '../errors.ts';
import { actorOf } from '../model/audit.ts';
import { type Deployment, isTerminal, type Requester } from '../model/deployment.ts';
import type { Builds, Surroundings } from '../ports.ts';
import type { EffectServices } from '../transaction/effects.ts';
import { returnedBefore, transactOwn } from '../transaction/own-transaction.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { announceEnding } from './announce-ending.ts';
import { keepEnding } from './record-ending.ts';
import { releaseEnvironment } from './release-environment.ts';

/** Whether an apply of the deployment may have begun. */
const ReleasedSchema = z.object({ hasBegun: z.boolean() });

type Services = EffectServices & {
  readonly builds: Pick<Builds, 'anyInProgress'>;
  readonly surroundings: Surroundings;
};

/**
 * Ends a deployment whose execution and build are gone, whatever they left, and releases its environment: the way out
 * if the reconciler cannot repair it. A plan whose apply has not begun is given back. Reads nothing that a build left.
 * Throws NotFoundError, RefusedError `still-running`.
 */
export async function releaseByHand(
  services: Services,
  id: string,
  { by, reason }: { readonly by: Requester; readonly reason: string },
): Promise<Deployment> {
  const { store } = services;
  const deployment = await store.get('deployment', { id });
  if (!deployment) throw new NotFoundError('deployment', id);
  const { status } = deployment;
  const { hasBegun } =
    (await returnedBefore(store, ReleasedSchema)) ?? (await recordRelease(services, deployment, { by, reason }));
  if (!isTerminal(status)) {
    const message = `released by ${by.approver ?? by.principal}: ${reason}`;
    const error = { reason: 'released-by-hand', message };
    await keepEnding(services, id, {
      ending: 'failed',
      failure: { error, applied: hasBegun ? 'unknown' : 'no' },
    });
  }
  await announceEnding(services, id).catch(() => undefined);
  await releaseEnvironment(services, id);
  return (await store.get('deployment', { id })) ?? deployment;
}

/** Records who released the deployment. Throws RefusedError if it is not to be released by hand. */
async function recordRelease(
  services: Services,
  deployment: Deployment,
  { by, reason }: { readonly by: Requester; readonly reason: string },
): Promise<z.output<typeof ReleasedSchema>> {
  const { store, surroundings } = services;
  const { id, application, environment, status } = deployment;
  const state = await store.get('environmentState', { application, environment });
  if (state?.holder?.deploymentId !== id)
    throw new RefusedError('not-the-holder', `"${id}" is ${status} and does not hold ${application}/${environment}`);
  const hasBegun = await requireGone(services, deployment);
  return transactOwn(store, ReleasedSchema, async (transaction) => {
    await recordAudit(transaction, surroundings, {
      application,
      environment,
      deploymentId: id,
      type: 'released-by-hand',
      ...actorOf(by),
      comment: reason,
      details: { status },
    });
    return { hasBegun };
  });
}

/**
 * Refuses while an execution or a build is running: nobody else may change the Terraform state meanwhile. Returns whether
 * an apply may have begun. If none has, none can any more.
 */
async function requireGone(services: Services, deployment: Deployment): Promise<boolean> {
  const { store, workflow } = services;
  const { id } = deployment;
  const { status } = await workflow.execution(id);
  if (status === 'running')
    throw new RefusedError('still-running', `the execution of "${id}" is still running; stop it first`);
  await requireEnded(services, id, status === 'absent' ? [] : await workflow.builds(id));
  if (deployment.status !== 'applying') return false;
  const ticket = await findApplyTicket(store, deployment);
  // Without a ticket nobody knows whether a build had one.
  const isUnused = ticket !== undefined && !ticket.session;
  if (isUnused && (await giveBackPlan(services, id))) return false;
  await requireEnded(services, id, await redeemingBuild(store, deployment));
  return true;
}

async function requireEnded({ builds }: Services, id: string, started: readonly string[]): Promise<void> {
  if (started.length > 0 && (await builds.anyInProgress(started)))
    throw new RefusedError('still-running', `a build of "${id}" is still in progress`);
}
