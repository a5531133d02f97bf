import type { BranchDeleted, ConfigPushed } from '../events.ts';
import { heardOf, newsAfter, type RefusedPush, saysTheSame } from '../model/news/repository-news.ts';
import { repositoryName } from '../model/repository.ts';
import type { Store, Surroundings } from '../ports.ts';
import { unlessUnreadable } from '../transaction/unless-unreadable.ts';

interface Services {
  readonly store: Store;
  readonly surroundings: Pick<Surroundings, 'now'>;
}

/**
 * Remembers which branch a push has named, for people who ask why nothing came of it. One record of the repository, in a
 * transaction of its own, and not for every push. A record that cannot be read stays as it is, and stops nothing.
 */
export async function noteNews({ store, surroundings }: Services, push: ConfigPushed): Promise<void> {
  const repository = repositoryName(push.repository);
  const heard = heardOf(push, surroundings.now());
  await unlessUnreadable(() =>
    store.transact(async (transaction) => {
      const news = newsAfter(await transaction.get('repositoryNews', { repository }), repository, heard);
      if (news) transaction.put('repositoryNews', news);
    }),
  );
}

/** Forgets that a branch was pushed, because it was deleted. */
export async function forgetNews(store: Store, gone: Pick<BranchDeleted, 'repository' | 'branch'>): Promise<void> {
  const repository = repositoryName(gone.repository);
  await unlessUnreadable(() =>
    store.transact(async (transaction) => {
      const news = await transaction.get('repositoryNews', { repository });
      const branches = news?.branches.filter(({ branch }) => branch !== gone.branch) ?? [];
      if (news && branches.length < news.branches.length) transaction.put('repositoryNews', { ...news, branches });
    }),
  );
}

/** Remembers signed pushes of which nothing came, each under the name by which applications know the repository. */
export async function noteRefused(
  { store, surroundings }: Services,
  refusals: readonly Omit<RefusedPush, 'at'>[],
): Promise<void> {
  const at = surroundings.now();
  for (const refusal of new Map(refusals.map((each) => [each.repository, each])).values()) {
    const refused = { ...refusal, at };
    const { repository } = refusal;
    await unlessUnreadable(() =>
      store.transact(async (transaction) => {
        if (saysTheSame(await transaction.get('refusedPush', { repository }), refused)) return;
        transaction.put('refusedPush', refused);
      }),
    );
  }
}
