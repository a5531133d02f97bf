import type { Application } from './application.ts';
import type { ConfigPushed } from './events.ts';
import type { Reader, Store } from './ports.ts';
import { isNews, orderOf } from './push-order.ts';
import type { RecordOf } from './records.ts';
import { originOf } from './release.ts';
import { repositoryName } from './repository.ts';

type BranchHead = RecordOf<'branchHead'>;

/** Enough to recognise a push that was told late; a branch hardly moves faster than events overtake each other. */
const MOST_PAST = 20;

/** The head of a branch after a push. Pushes may be told twice, late or never; the newest one counts. */
export function headAfter(known: BranchHead | undefined, push: ConfigPushed): BranchHead | undefined {
  const { branch, after, pushedAt } = push;
  const before = originOf(push);
  const wasThere = known?.past.includes(after) ? { reached: 1, left: 1 } : undefined;
  const branchAsKnown = { head: known?.head, headPushedAt: known?.headPushedAt, isPairTold: false, after: wasThere };
  if (!isNews(orderOf({ ...push, before }, branchAsKnown))) return known;
  const past = new Set([...(known ? [known.head] : []), ...(before ? [before] : []), ...(known?.past ?? [])]);
  past.delete(after);
  return {
    ...{ repository: repositoryName(push.repository), branch, head: after },
    past: [...past].slice(0, MOST_PAST),
    ...(pushedAt && { headPushedAt: pushedAt }),
  };
}

/** Where a branch is, as far as pushes have told; an application knows its own branch from its releases, too. */
export async function findHead(
  reader: Reader,
  { name: application, configRepository: { url, branch: own } }: Application,
  branch: string,
): Promise<string | undefined> {
  const known = await reader.get('branchHead', { repository: repositoryName(url), branch });
  if (known || branch !== own) return known?.head;
  return (await reader.get('releaseLog', { application }))?.head;
}

/** Keeps what a push says about its branch. */
export async function noteHead({ store }: { readonly store: Store }, push: ConfigPushed): Promise<void> {
  await store.transact(async (transaction) => {
    const reference = { repository: repositoryName(push.repository), branch: push.branch };
    const known = await transaction.get('branchHead', reference);
    const next = headAfter(known, push);
    if (next && next !== known) transaction.put('branchHead', next);
  });
}
