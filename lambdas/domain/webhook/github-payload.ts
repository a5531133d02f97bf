import * as z from 'zod';
import type { EventDetail } from '../events.ts';
import { notAfter } from '../model/push-order.ts';
import { isSameRepository } from '../model/repository.ts';
import { CommitSchema, RepositoryIdSchema } from '../names.ts';

type Announced = 'ConfigPushed' | 'BranchDeleted' | 'PullRequestClosed';
/** An event for our bus. */
export type Announcement = {
  [Name in Announced]: { readonly name: Name; readonly detail: EventDetail<Name> };
}[Announced];
/** What a delivery means to us: an event to publish, or the reason why it is ignored. */
export type Meaning = Announcement | { readonly ignored: string };

const LONGEST_BRANCH = 250;
const HEADS = 'refs/heads/';
/** Latest time that is accepted, in seconds: the end of the year 9999. */
const LATEST_SECOND = 253_402_300_799;

const BranchSchema = z.string().min(1).max(LONGEST_BRANCH);
const RepositorySchema = z.object({
  /** The repository's HTTPS address. An application may be registered with any of the repository's addresses. */
  clone_url: z.url().max(500),
  id: RepositoryIdSchema.optional(),
});
/** The part that every payload about a repository has. */
const FromRepositorySchema = z.object({ repository: RepositorySchema });

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
    /** In seconds, in this payload only; in other payloads it is a text. */
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
  /** The event's name is not signed: only this field reveals a `create` event that is sent under the name `delete`. */
  master_branch: z.undefined({ error: 'this is the payload of a create event' }).optional(),
});

/** `pull_request`: anything that happens to a pull request. */
export const PullRequestPayloadSchema = FromRepositorySchema.extend({
  action: z.string(),
  number: z.number().int().min(1),
  pull_request: z.object({
    merged: z.boolean(),
    /** The branch that the pull request comes from; the repository is null if it was a fork that has been deleted. */
    head: z.object({ ref: BranchSchema, repo: RepositorySchema.nullable() }),
  }),
});

export function meaningOfPush(payload: PushPayload, eventId: string, receivedAt: string): Meaning {
  const { ref, before, after, created, deleted, forced, repository, head_commit } = payload;
  if (!ref.startsWith(HEADS)) return { ignored: `${ref} is no branch` };
  const place = placeOf(repository, eventId, ref.slice(HEADS.length));
  if (deleted) return { name: 'BranchDeleted', detail: place };
  const changedPaths = changedPathsOf(payload);
  return {
    name: 'ConfigPushed',
    detail: {
      ...place,
      after,
      forced,
      ...(!created && { before }),
      ...(repository.pushed_at && { pushedAt: notAfter(secondsToInstant(repository.pushed_at), receivedAt) }),
      ...(changedPaths && { changedPaths }),
      message: (head_commit?.message ?? '').slice(0, LONGEST_MESSAGE),
      author: (head_commit?.author.email ?? head_commit?.author.name ?? '').slice(0, LONGEST_AUTHOR),
      via: 'webhook',
    },
  };
}

const secondsToInstant = (seconds: number): string => new Date(seconds * 1000).toISOString();

export function meaningOfDelete(
  { ref, ref_type, repository }: z.infer<typeof DeletePayloadSchema>,
  eventId: string,
): Meaning {
  if (ref_type !== 'branch') return { ignored: `a deleted ${ref_type}` };
  return { name: 'BranchDeleted', detail: placeOf(repository, eventId, ref) };
}

export function meaningOfPullRequest(
  { action, number, pull_request: { merged, head }, repository }: z.infer<typeof PullRequestPayloadSchema>,
  eventId: string,
): Meaning {
  if (action !== 'closed') return { ignored: `a pull request that was ${action}` };
  // A branch of a fork may have the same name as one of our branches.
  if (!head.repo || !isSameRepository(head.repo.clone_url, repository.clone_url))
    return { ignored: 'a pull request from a fork' };
  return { name: 'PullRequestClosed', detail: { ...placeOf(repository, eventId, head.ref), number, merged } };
}

const placeOf = ({ clone_url: repository, id }: z.infer<typeof RepositorySchema>, eventId: string, branch: string) => ({
  eventId,
  repository,
  ...(id !== undefined && { repositoryId: id }),
  branch,
});

/** The limits of the event's schema. Longer texts are cut, because they are only shown. */
const LONGEST_MESSAGE = 20_000;
const LONGEST_AUTHOR = 500;

/** Most commits that GitHub lists in a push, and the lower limit of some versions of GitHub's server. */
const MOST_COMMITS = 2048;
const MOST_COMMITS_ONCE = 20;
/** Most paths of one kind that GitHub lists in a commit. */
const MOST_PATHS_IN_COMMIT = 3000;
/** The limits of the event. With more paths, or with one longer path, the event leaves the paths out. */
const MOST_PATHS = 20_000;
const LONGEST_PATH = 4096;
/** EventBridge takes entries of up to 1 MB; the rest of a push may need a tenth of that. */
const MOST_PATH_BYTES = 800_000;

/** Returns every path that the pushed commits touch; undefined if these are unknown, or too many for an event. */
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
