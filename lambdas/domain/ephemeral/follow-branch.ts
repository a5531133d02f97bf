import type { BranchDeleted, ConfigPushed } from '../events.ts';
import type { Application } from '../model/application.ts';
import { isHeadIn } from '../model/branch-head.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';
import type { Cause } from '../model/ephemeral-environment.ts';
import { PUSHER, principalText } from '../model/principal.ts';
import { repositoryName } from '../model/repository.ts';
import type { Surroundings, Transaction } from '../ports.ts';
import { recogniseRepository } from '../release/recognise-repository.ts';
import { carryOut, type EffectServices, type Effects, NO_EFFECTS } from '../transaction/effects.ts';
import { beginClosing } from './close-ephemeral.ts';
import { placeEphemeralDeployment } from './deploy-ephemeral.ts';
import { findHead, noteHead } from './find-head.ts';

type Services = EffectServices & { readonly surroundings: Surroundings };

/** Records the head of the pushed branch, and deploys it to ephemeral environments that wait for it or follow it. */
export async function followPush(services: Services, push: ConfigPushed): Promise<void> {
  const { known } = await recogniseRepository(services.store, push);
  if (known.length === 0) return;
  await noteHead(services, push);
  for (const application of known)
    await inEachOf(services, application, push.branch, (transaction, environment) =>
      deployHead(transaction, application, environment, services.surroundings),
    );
}

/**
 * Deploys the head of its branch to an open environment that has no commit yet, or that follows the branch and has
 * another commit. Does nothing otherwise, so it is safe to repeat.
 */
export async function deployHead(
  transaction: Transaction,
  application: Application,
  environment: EphemeralEnvironment,
  surroundings: Surroundings,
): Promise<Effects> {
  const { branch, commit, follows, life } = environment;
  if (life.phase !== 'open' || branch === undefined || (commit !== undefined && !follows)) return NO_EFFECTS;
  const head = await findHead(transaction, application, branch);
  if (head === undefined || head === commit) return NO_EFFECTS;
  const next = { ...environment, commit: head, updatedAt: surroundings.now() };
  transaction.put('environment', next);
  const { effects } = await placeEphemeralDeployment(
    transaction,
    {
      application,
      environment: next,
      commit: head,
      operation: 'deploy',
      requestedBy: PUSHER,
      automatic: true,
    },
    surroundings,
  );
  return effects;
}

/** Ends the ephemeral environments of a branch that was deleted, or whose pull request was closed. */
export async function endWithBranch(
  services: Services,
  gone: BranchDeleted,
  cause: Extract<Cause, 'branch-deleted' | 'pull-request-closed'>,
): Promise<void> {
  const { store, surroundings } = services;
  const { eventId, repository: url, branch } = gone;
  const by = { principal: principalText({ kind: cause }) };
  const repository = repositoryName(url);
  const { known, foreign } = await recogniseRepository(store, gone);
  for (const application of known) {
    const mark = { application: application.name, mark: `gone#${eventId}` };
    // If the event arrives again much later, it must not end an environment that was made in the meantime.
    if (await store.get('pushMark', mark)) continue;
    await inEachOf(services, application, branch, async (transaction, environment) =>
      environment.life.phase === 'open'
        ? beginClosing(transaction, application, environment, { cause, by }, surroundings)
        : NO_EFFECTS,
    );
    await store.transact(async (transaction) => {
      await transaction.get('pushMark', mark);
      transaction.put('pushMark', { ...mark, release: 0, at: surroundings.now() });
    });
  }
  // Branches of another repository say nothing about those of the one that had this name.
  if (cause === 'pull-request-closed' || (known.length === 0 && foreign.length > 0)) return;
  await store.transact(async (transaction) => {
    const head = await transaction.get('branchHead', { repository, branch });
    if (head && isHeadIn(head, gone)) transaction.delete('branchHead', { repository, branch });
  });
}

/** Calls `perform` for each live ephemeral environment of a branch, one after the other. */
async function inEachOf(
  services: Services,
  { name: application }: Application,
  branch: string,
  perform: (transaction: Transaction, environment: EphemeralEnvironment) => Promise<Effects>,
): Promise<void> {
  const register = await services.store.get('ephemeralRegister', {});
  for (const place of register?.live.filter((each) => each.application === application) ?? []) {
    const effects = await services.store.transact(async (transaction) => {
      const environment = await transaction.get('environment', { application, name: place.environment });
      return environment?.type === 'ephemeral' && environment.branch === branch
        ? perform(transaction, environment)
        : NO_EFFECTS;
    });
    await carryOut(services, effects);
  }
}
