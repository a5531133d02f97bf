import type { ConfigPushed } from '../events.ts';
import { type BranchHead, isHeadIn } from '../model/branch-head.ts';
import { asTakenIn, headAsTakenIn, isNews, pushOrderOf } from '../model/push-order.ts';
import { originOf } from '../model/release.ts';
import { repositoryName } from '../model/repository.ts';

/**
 * Most earlier heads that are kept: enough to recognise a push that was reported late, because a branch hardly moves
 * faster than events overtake each other.
 */
const MOST_PAST = 20;

/** Returns the head of a branch after a push. Pushes may be reported twice, late or never; the newest push counts. */
export function headAfter(found: BranchHead | undefined, told: ConfigPushed, now: string): BranchHead | undefined {
  const push = asTakenIn(told, now);
  const { branch, after, pushedAt } = push;
  const known = found && isHeadIn(found, push) ? headAsTakenIn(found, now) : undefined;
  const repositoryId = push.repositoryId ?? known?.repositoryId;
  const before = originOf(push);
  const wasThere = known?.past.includes(after) ? { reached: 1, left: 1 } : undefined;
  const branchAsKnown = { head: known?.head, headPushedAt: known?.headPushedAt, isPairTold: false, after: wasThere };
  if (!isNews(pushOrderOf({ ...push, before }, branchAsKnown))) return known;
  const past = new Set([...(known ? [known.head] : []), ...(before ? [before] : []), ...(known?.past ?? [])]);
  past.delete(after);
  return {
    repository: repositoryName(push.repository),
    branch,
    head: after,
    past: [...past].slice(0, MOST_PAST),
    ...(repositoryId !== undefined && { repositoryId }),
    ...(pushedAt && { headPushedAt: pushedAt }),
  };
}
