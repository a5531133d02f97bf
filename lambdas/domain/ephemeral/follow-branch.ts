import type { BranchDeleted, ConfigPushed } from '../events.ts';
import type { Application } from '../model/application.ts';
import { isHeadIn } from '../model/branch-head.ts';
import type { EphemeralEnvironment } from '../model/environment.ts';
import type { Cause } from '../model/ephemeral-environment.ts';
import { PUSHER, principalText } from '../model/principal.ts';
import { repositoryName } from '../model/repository.ts';
import type { Store, Surroundings, Transaction } from '../ports.ts';
import { forgetNews, noteNews, noteRefused } from '../release/note-news.ts';
import { recogniseRepository } from '../release/recognise-repository.ts';
import { carryOut, type EffectServices, type Effects, NO_EFFECTS } from '../transaction/effects.ts';
import { failuresOf, throwTogether } from '../transaction/failures.ts';
import { beginClosing } from './close-ephemeral.ts';
import { placeEphemeralDeployment } from './deploy-ephemeral.ts';
import { findHead, noteHead } from './find-head.ts';

type Services = EffectServices & { readonly surroundings: Surroundings };

/**
 * Records the head of the pushed branch and that it was pushed, and deploys it to ephemeral environments that wait for it or follow it. Throws
 * at the end what has failed for some of them. Safe to repeat.
 */
export async function followPush(services: Services, push: ConfigPushed): Promise<void> {
  const { known, foreign } = await recogniseRepository(services.store, push);
  const { repositoryId, branch } = push;
  if (foreign.length > 0 && repositoryId !== undefined)
    await noteRefused(services, [{ repository: repositoryName(push.repository), repositoryId, branch }]);
  if (known.length === 0) return;
  await Promise.all([noteHead(services, push), noteNews(services, push)]);
  const failures = await failuresOf(known, (application) =>
    inEachOf(services, application, branch, (transaction, environment) =>
      deployHead(transaction, application, environment, services.surroundings),
    ),
  );
  throwTogether(failures);
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

/**
 * Ends the ephemeral environments of a branch that was deleted, or whose pull request was closed. Throws at the end what
 * has failed for some of them. Safe to repeat.
 */
export async function endWithBranch(
  services: Services,
  gone: BranchDeleted,
  cause: Extract<Cause, 'branch-deleted' | 'pull-request-closed'>,
): Promise<void> {
  const { store, surroundings } = services;
  const { eventId, branch } = gone;
  const by = { principal: principalText({ kind: cause }) };
  const { known, foreign } = await recogniseRepository(store, gone);
  const failures = await failuresOf(known, async (application) => {
    const mark = { application: application.name, mark: `gone#${eventId}` };
    // If the event arrives again much later, it must not end an environment that was made in the meantime.
    if (await store.get('pushMark', mark)) return;
    await inEachOf(services, application, branch, async (transaction, environment) =>
      environment.life.phase === 'open'
        ? beginClosing(transaction, application, environment, { cause, by }, surroundings)
        : NO_EFFECTS,
    );
    await store.transact(async (transaction) => {
      await transaction.get('pushMark', mark);
      transaction.put('pushMark', { ...mark, release: 0, at: surroundings.now() });
    });
  });
  // Branches of another repository say nothing about those of the one that had this name.
  const isOurs = known.length > 0 || foreign.length === 0;
  if (cause === 'branch-deleted' && isOurs) failures.push(...(await failuresOf([gone], (each) => forget(store, each))));
  throwTogether(failures);
}

/** Forgets the head of a branch that was deleted, and that it was pushed. */
async function forget(store: Store, gone: BranchDeleted): Promise<void> {
  await store.transact(async (transaction) => {
    const place = { repository: repositoryName(gone.repository), branch: gone.branch };
    const head = await transaction.get('branchHead', place);
    if (head && isHeadIn(head, gone)) transaction.delete('branchHead', place);
  });
  await forgetNews(store, gone);
}

/** Calls `perform` for each live ephemeral environment of a branch, one after the other, also after one has failed. */
async function inEachOf(
  services: Services,
  { name: application }: Application,
  branch: string,
  perform: (transaction: Transaction, environment: EphemeralEnvironment) => Promise<Effects>,
): Promise<void> {
  const register = await services.store.get('ephemeralRegister', {});
  const places = register?.live.filter((each) => each.application === application) ?? [];
  const failures = await failuresOf(places, async (place) => {
    const effects = await services.store.transact(async (transaction) => {
      const environment = await transaction.get('environment', { application, name: place.environment });
      return environment?.type === 'ephemeral' && environment.branch === branch
        ? perform(transaction, environment)
        : NO_EFFECTS;
    });
    await carryOut(services, effects);
  });
  throwTogether(failures);
}
