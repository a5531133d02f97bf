import type { ConfigPushed } from './events.ts';
import type { Store, Transaction } from './ports.ts';
import type { RecordOf } from './records.ts';

type BranchHead = RecordOf<'branchHead'>;

/** Enough to recognise a push that was told late; a branch hardly moves faster than events overtake each other. */
const MOST_PAST = 20;

/**
 * The head of a branch after a push. Pushes may be told twice or in the wrong order: one that does not begin where the
 * branch is and leads to where it once was is an old one. Where a push was never told, the newer one still counts.
 */
export function headAfter(known: BranchHead | undefined, push: ConfigPushed): BranchHead {
  const { repository, branch, before, after } = push;
  if (!known) return { repository, branch, head: after, past: before ? [before] : [] };
  if (known.head === after) return known;
  if (known.head !== before && known.past.includes(after)) return known;
  const past = [...new Set([known.head, ...(before ? [before] : []), ...known.past])].filter((each) => each !== after);
  return { ...known, head: after, past: past.slice(0, MOST_PAST) };
}

/** Keeps what a push says about its branch. */
export async function noteHead({ store }: { readonly store: Store }, push: ConfigPushed): Promise<void> {
  await store.transact(async (transaction: Transaction) => {
    const known = await transaction.get('branchHead', { repository: push.repository, branch: push.branch });
    const next = headAfter(known, push);
    if (next !== known) transaction.put('branchHead', next);
  });
}
