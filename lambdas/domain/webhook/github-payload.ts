import * as z from 'zod';
import type { EventDetail } from '../events.ts';
import { isSameRepository } from '../model/repository.ts';
import { CommitSchema } from '../names.ts';

type Announced = 'ConfigPushed' | 'BranchDeleted' | 'PullRequestClosed';
/** An event for our bus. */
export type Announcement = {
  [Name in Announced]: { readonly name: Name; readonly detail: EventDetail<Name> };
}[Announced];
/** What a delivery means to us: something to publish, or why nothing. */
export type Meaning = Announcement | { readonly ignored: string };

const LONGEST_BRANCH = 250;
const HEADS = 'refs/heads/';
/** Of what a time may be: the end of the year 9999. */
const LATEST_SECOND = 253_402_300_799;

const BranchSchema = z.string().min(1).max(LONGEST_BRANCH);
const RepositorySchema = z.object({
  /** Its HTTPS address; which of its addresses an application is registered with does not matter. */
  clone_url: z.url().max(500),
});
/** Every payload that concerns a repository. */
export const FromRepositorySchema = z.object({ repository: RepositorySchema });

const PathsSchema = z.array(z.string());
const CommitInPushSchema = z.object({
  id: CommitSchema,
  added: PathsSchema,
  removed: PathsSchema,
  modified: PathsSchema,
});
type CommitInPush = z.infer<typeof CommitInPushSchema>;

/** `push`: a branch or tag was made, moved or deleted. */
export const PushPayloadSchema = z.object({
  repository: RepositorySchema.extend({
    /** In seconds, in this payload only; elsewhere it is a text. */
    pushed_at: z.int().min(0).max(LATEST_SECOND).nullish(),
  }),
  ref: z
    .string()
    .startsWith('refs/')
    .max(HEADS.length + LONGEST_BRANCH),
  before: CommitSchema,
  after: CommitSchema,
  created: z.boolean(),
  deleted: z.boolean(),
  forced: z.boolean(),
  commits: z.array(CommitInPushSchema),
  head_commit: z
    .object({
      message: z.string(),
      author: z.object({ email: z.string().nullish(), name: z.string().nullish() }),
    })
    .nullish(),
});
type PushPayload = z.infer<typeof PushPayloadSchema>;

/** `delete`: a branch or tag was deleted. */
export const DeletePayloadSchema = FromRepositorySchema.extend({
  ref: BranchSchema,
  ref_type: z.string(),
  /** The name of the event is not signed: only this tells a `create` apart that somebody sends as a `delete`. */
  master_branch: z.undefined({ error: 'this is the payload of a create event' }).optional(),
});

/** `pull_request`: whatever happens to one. */
export const PullRequestPayloadSchema = FromRepositorySchema.extend({
  action: z.string(),
  number: z.number().int().min(1),
  pull_request: z.object({
    merged: z.boolean(),
    /** The branch it comes from; a fork that is gone has no repository any more. */
    head: z.object({ ref: BranchSchema, repo: RepositorySchema.nullable() }),
  }),
});

export function meaningOfPush(payload: PushPayload, eventId: string): Meaning {
  const { ref, before, after, created, deleted, forced, repository, head_commit } = payload;
  if (!ref.startsWith(HEADS)) return { ignored: `${ref} is no branch` };
  const place = { eventId, repository: repository.clone_url, branch: ref.slice(HEADS.length) };
  if (deleted) return { name: 'BranchDeleted', detail: place };
  const changedPaths = changedPathsOf(payload);
  return {
    name: 'ConfigPushed',
    detail: {
      ...place,
      after,
      forced,
      ...(!created && { before }),
      ...(repository.pushed_at && { pushedAt: new Date(repository.pushed_at * 1000).toISOString() }),
      ...(changedPaths && { changedPaths }),
      message: (head_commit?.message ?? '').slice(0, LONGEST_MESSAGE),
      author: (head_commit?.author.email ?? head_commit?.author.name ?? '').slice(0, LONGEST_AUTHOR),
    },
  };
}

export function meaningOfDelete(
  { ref, ref_type, repository }: z.infer<typeof DeletePayloadSchema>,
  eventId: string,
): Meaning {
  if (ref_type !== 'branch') return { ignored: `a deleted ${ref_type}` };
  return { name: 'BranchDeleted', detail: { eventId, repository: repository.clone_url, branch: ref } };
}

export function meaningOfPullRequest(
  { action, number, pull_request: { merged, head }, repository }: z.infer<typeof PullRequestPayloadSchema>,
  eventId: string,
): Meaning {
  if (action !== 'closed') return { ignored: `a pull request that was ${action}` };
  // A branch of a fork may have the name of one of ours.
  if (!head.repo || !isSameRepository(head.repo.clone_url, repository.clone_url))
    return { ignored: 'a pull request from a fork' };
  const place = { eventId, repository: repository.clone_url, branch: head.ref };
  return { name: 'PullRequestClosed', detail: { ...place, number, merged } };
}

/** As in the schema of the event; what is longer is cut, it is only shown. */
const LONGEST_MESSAGE = 20_000;
const LONGEST_AUTHOR = 500;

/** GitHub lists no more commits than this; versions of its server only as many as the other. */
const MOST_COMMITS = 2048;
const MOST_COMMITS_ONCE = 20;
/** GitHub lists no more paths of one kind in a commit. */
const MOST_PATHS_IN_COMMIT = 3000;
/** Of the event; one longer path, or more of them, and the event says that it does not know. */
const MOST_PATHS = 20_000;
const LONGEST_PATH = 4096;
/** EventBridge takes entries of up to 1 MB, of which the rest of a push may need a tenth. */
const MOST_PATH_BYTES = 800_000;

/** Every path that the pushed commits touch; undefined where that cannot be told, or is more than an event can hold. */
function changedPathsOf({ created, forced, commits, after }: PushPayload): string[] | undefined {
  if (created || forced || commits.at(-1)?.id !== after || isShortened(commits)) return undefined;
  const paths = [...new Set(commits.flatMap(({ added, removed, modified }) => [...added, ...removed, ...modified]))];
  const fits =
    paths.length <= MOST_PATHS &&
    paths.every((path) => path.length <= LONGEST_PATH) &&
    Buffer.byteLength(JSON.stringify(paths)) <= MOST_PATH_BYTES;
  return fits ? paths : undefined;
}

const isShortened = (commits: readonly CommitInPush[]): boolean =>
  commits.length >= MOST_COMMITS ||
  commits.length === MOST_COMMITS_ONCE ||
  commits.some(({ added, removed, modified }) =>
    [added, removed, modified].some((paths) => paths.length >= MOST_PATHS_IN_COMMIT),
  );
