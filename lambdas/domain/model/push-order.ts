import type { ConfigPushed } from '../events.ts';
import type { Passage } from './branch-head.ts';

/** What an application knows about its branch, as far as it matters for one push. */
export interface KnownBranch {
  /**
   * The commit to which the newest push so far moved the branch, and in `headPushedAt` the time of that push, if given.
   */
  readonly head?: string | undefined;
  readonly headPushedAt?: string | undefined;
  /** Whether a push from the same commit to the same commit was reported before. */
  readonly isPairTold: boolean;
  readonly before?: Passage | undefined;
  readonly after?: Passage | undefined;
}

/**
 * The position of a push among those reported before. `first`: nothing is known of the branch yet. `next`: the push
 * begins at the head. `missed`: the push is newer than the head, and what lies between was not reported. `late`: the
 * push is older than the head. `repeated`: another sender has reported the push. `there`: the push leads to where the
 * branch is already.
 */
export type PushOrder = 'first' | 'next' | 'missed' | 'late' | 'repeated' | 'there';

/** Returns the earlier one of two times. */
export const notAfter = (instant: string, latest: string): string =>
  Date.parse(instant) > Date.parse(latest) ? latest : instant;

/**
 * Returns a push as it counts: made no later than the time at which it was taken in. The clock of a sender may be
 * ahead, and no push may count as newer than those that are made after it.
 */
export const asTakenIn = <Push extends Pick<ConfigPushed, 'pushedAt'>>(push: Push, takenInAt: string): Push =>
  push.pushedAt === undefined ? push : { ...push, pushedAt: notAfter(push.pushedAt, takenInAt) };

interface StoredHead {
  readonly headPushedAt?: string | undefined;
}

/** Returns whether a head has a time in the future: earlier versions stored what the sender said. */
export const isFromTheFuture = ({ headPushedAt }: StoredHead, now: string): boolean =>
  headPushedAt !== undefined && Date.parse(headPushedAt) > Date.parse(now);

/** Returns a head as it counts: made no later than now, or than the time at which it was taken in, if that is known. */
export const headAsTakenIn = <Head extends StoredHead>(head: Head, now: string, takenInAt = now): Head =>
  isFromTheFuture(head, now) ? { ...head, headPushedAt: notAfter(takenInAt, now) } : head;

/** Returns whether a push moves the head: its commit becomes a release of every application that it concerns. */
export const isNews = (order: PushOrder): order is 'first' | 'next' | 'missed' =>
  order === 'first' || order === 'next' || order === 'missed';

/**
 * Milliseconds. A git host says when it made the message, which may be a little after the push. Up to this difference
 * between two times, the commits count for more; above it, the times decide.
 */
const CLOCK_DOUBT_MS = 10 * 60_000;

/**
 * Determines the position of a push: by the times if they differ by more than CLOCK_DOUBT_MS, then by the commits, then
 * by any difference between the times.
 */
export function pushOrderOf(push: Pick<ConfigPushed, 'before' | 'after' | 'pushedAt'>, known: KnownBranch): PushOrder {
  const { head, before, after, isPairTold } = known;
  const ahead = millisecondsAhead(push.pushedAt, known.headPushedAt);
  if (head === undefined) return 'first';
  if (ahead < -CLOCK_DOUBT_MS) return isPairTold ? 'repeated' : 'late';
  // The same move again is a repetition, unless the branch has come back meanwhile and makes the same move once more.
  if (push.before === head) return isPairTold && ahead < 0 ? 'repeated' : 'next';
  if (isPairTold) return 'repeated';
  if (push.after === head) return 'there';
  if (ahead > CLOCK_DOUBT_MS) return 'missed';
  if (fillsGap(before, after) || ahead < 0) return 'late';
  // The branch was at this commit before. Only a later time distinguishes a return from a push that arrives late.
  return after && ahead === 0 ? 'late' : 'missed';
}

/** Returns how much newer a push is than the one that made the head; 0 when one of them gives no time. */
const millisecondsAhead = (pushedAt: string | undefined, headPushedAt: string | undefined): number =>
  pushedAt === undefined || headPushedAt === undefined ? 0 : Date.parse(pushedAt) - Date.parse(headPushedAt);

/**
 * Returns whether this push is one that was not reported: the branch has left the commit where the push begins without
 * a report of how, or has left the commit where the push ends without a report of how it got there.
 */
const fillsGap = (before: Passage | undefined, after: Passage | undefined): boolean =>
  (before !== undefined && before.reached > before.left) || (after !== undefined && after.left > after.reached);
