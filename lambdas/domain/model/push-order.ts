import * as z from 'zod';
import type { ConfigPushed } from '../events.ts';
import { ApplicationNameSchema, CommitSchema } from '../names.ts';

/** How often pushes have told that the branch came to a commit, and that it left it. */
export const PassageSchema = z.object({
  application: ApplicationNameSchema,
  commit: CommitSchema,
  reached: z.int().min(0),
  left: z.int().min(0),
});
type Passage = Pick<z.infer<typeof PassageSchema>, 'reached' | 'left'>;

/** What an application knows of its branch, as far as it matters to one push. */
export interface KnownBranch {
  /** Where the newest push so far has left the branch, and when that was, if it said so. */
  readonly head?: string | undefined;
  readonly headPushedAt?: string | undefined;
  /** Has a push from the same commit to the same commit been told before? */
  readonly isPairTold: boolean;
  readonly before?: Passage | undefined;
  readonly after?: Passage | undefined;
}

/**
 * Where a push stands among those told before.
 * `first`: nothing is known of the branch yet. `next`: it begins at the head. `missed`: it is newer than the head, and
 * what lies between was not told. `late`: it is older than the head. `repeated`: another sender has told it.
 * `there`: it leads to where the branch is already.
 */
export type PushOrder = 'first' | 'next' | 'missed' | 'late' | 'repeated' | 'there';

/** Orders that move the head: the commit becomes a release of every application it concerns. */
export const isNews = (order: PushOrder): order is 'first' | 'next' | 'missed' =>
  order === 'first' || order === 'next' || order === 'missed';

/**
 * A git host says when it made the message, which may be a little after the push. Up to this difference between two
 * times the commits count for more, beyond it the times decide.
 */
const CLOCK_DOUBT_MS = 10 * 60_000;

/** Puts a push in its place: by the clock beyond its doubt, then by the commits, then by the clock at all. */
export function pushOrderOf(push: Pick<ConfigPushed, 'before' | 'after' | 'pushedAt'>, known: KnownBranch): PushOrder {
  const { head, before, after, isPairTold } = known;
  const ahead = millisecondsAhead(push.pushedAt, known.headPushedAt);
  if (head === undefined) return 'first';
  if (ahead < -CLOCK_DOUBT_MS) return isPairTold ? 'repeated' : 'late';
  // The same way again is a repetition, unless the branch has come back meanwhile and goes it once more.
  if (push.before === head) return isPairTold && ahead < 0 ? 'repeated' : 'next';
  if (isPairTold) return 'repeated';
  if (push.after === head) return 'there';
  if (ahead > CLOCK_DOUBT_MS) return 'missed';
  if (fillsGap(before, after) || ahead < 0) return 'late';
  // The branch was there before: only a later time tells a return from a push that comes late.
  return after && ahead === 0 ? 'late' : 'missed';
}

/** How much newer a push is than the one that made the head; 0 where one of them does not say. */
const millisecondsAhead = (pushedAt: string | undefined, headPushedAt: string | undefined): number =>
  pushedAt === undefined || headPushedAt === undefined ? 0 : Date.parse(pushedAt) - Date.parse(headPushedAt);

/**
 * The branch has moved on from where this push begins without anybody telling how, or has left where it ends without
 * anybody telling how it came there: this push is what was not told.
 */
const fillsGap = (before: Passage | undefined, after: Passage | undefined): boolean =>
  (before !== undefined && before.reached > before.left) || (after !== undefined && after.left > after.reached);
