const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago an instant is, in the largest unit that says enough: `12 min`, `3 h`, `2 d`. */
export function since(instant: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(instant)) / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * MINUTE) return `${Math.round(seconds / MINUTE)} min`;
  if (seconds < 36 * HOUR) return `${Math.round(seconds / HOUR)} h`;
  return `${Math.round(seconds / DAY)} d`;
}

/** The first characters of a commit id, as git shows it. */
export const short = (commit: string): string => commit.slice(0, 7);

/** What is deployed, or is being deployed: `release 7`, or the commit of a branch. */
export const releaseOrCommit = (at: { readonly release?: number | null; readonly commit: string }): string =>
  at.release == null ? `commit ${short(at.commit)}` : `release ${at.release}`;

/** How long it is until an instant: `3 h`. */
export const until = (instant: string, now: Date): string => since(now.toISOString(), new Date(instant));
