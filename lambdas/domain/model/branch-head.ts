import * as z from 'zod';
import type { ConfigPushed } from '../events.ts';
import { CommitSchema, InstantSchema } from '../names.ts';
import { isNews, pushOrderOf } from './push-order.ts';
import { originOf } from './release.ts';
import { repositoryName } from './repository.ts';

/** The head of a branch as pushes have told it. */
export const BranchHeadSchema = z.object({
  /** As `repositoryName` calls it. */
  repository: z.string(),
  branch: z.string(),
  head: CommitSchema,
  /** When the push said it was that made this the head. */
  headPushedAt: InstantSchema.optional(),
  /** Heads it had before, newest first: a push that comes late leads back to one of them. */
  past: z.array(CommitSchema),
});
type BranchHead = z.infer<typeof BranchHeadSchema>;

/** Enough to recognise a push that was told late; a branch hardly moves faster than events overtake each other. */
const MOST_PAST = 20;

/** The head of a branch after a push. Pushes may be told twice, late or never; the newest one counts. */
export function headAfter(known: BranchHead | undefined, push: ConfigPushed): BranchHead | undefined {
  const { branch, after, pushedAt } = push;
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
    ...(pushedAt && { headPushedAt: pushedAt }),
  };
}
