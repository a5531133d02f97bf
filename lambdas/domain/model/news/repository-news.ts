import * as z from 'zod';
import type { ConfigPushed } from '../../events.ts';
import { CommitSchema, InstantSchema, RepositoryIdSchema } from '../../names.ts';

/** A push of which an event has told. `by`: Stagegate's webhook, its look at the heads, or another sender's event. */
export const HeardSchema = z.object({
  branch: z.string(),
  commit: CommitSchema,
  /** When the event was taken in. */
  at: InstantSchema,
  by: z.enum(['webhook', 'look', 'event']),
  /** The id of the repository, if the event told it. */
  repositoryId: RepositoryIdSchema.optional(),
});
export type Heard = z.infer<typeof HeardSchema>;

/** What pushes of a repository have named last, so that a person finds out why nothing came of a push. */
export const RepositoryNewsSchema = z.object({
  /** Name of the repository, as `repositoryName` returns it. */
  repository: z.string(),
  /** One push for each of the branches that were named last, newest first. */
  branches: z.array(HeardSchema),
});
export type RepositoryNews = z.infer<typeof RepositoryNewsSchema>;

/** Most branches that are remembered. */
export const MOST_BRANCHES = 10;
/** For so long, what is remembered of a branch is new enough: a busy repository costs ten writes an hour at most. */
const NEW_FOR_MS = 3_600_000;

export const heardOf = (
  { branch, after, via, repositoryId }: Pick<ConfigPushed, 'branch' | 'after' | 'via' | 'repositoryId'>,
  at: string,
): Heard => ({ branch, commit: after, at, by: via ?? 'event', ...(repositoryId !== undefined && { repositoryId }) });

/** Returns the news after a push; undefined if they say nothing else that a person must know. */
export function newsAfter(
  known: RepositoryNews | undefined,
  repository: string,
  heard: Heard,
): RepositoryNews | undefined {
  const before = known?.branches ?? [];
  const isNew = ({ at }: Heard) => Date.parse(heard.at) - Date.parse(at) < NEW_FOR_MS;
  const same = before.find(({ branch }) => branch === heard.branch);
  if (same && isNew(same) && same.repositoryId === heard.repositoryId) return undefined;
  if (!same && before.length >= MOST_BRANCHES && before.every(isNew)) return undefined;
  return { repository, branches: [heard, ...before.filter((each) => each !== same)].slice(0, MOST_BRANCHES) };
}

/** A signed push of which nothing came, because it was of another repository, or of one with another name. */
export const RefusedPushSchema = z.object({
  /** The name under which applications know the repository, as `repositoryName` returns it. */
  repository: z.string(),
  /** The id of the repository that was pushed to. */
  repositoryId: RepositoryIdSchema,
  /** The address that the push named, if the repository was renamed or transferred; absent if another one has the name. */
  renamedTo: z.string().optional(),
  branch: z.string(),
  at: InstantSchema,
});
export type RefusedPush = z.infer<typeof RefusedPushSchema>;

/** Returns whether a refusal says what another one has said less than an hour before. */
export const saysTheSame = (known: RefusedPush | undefined, refused: RefusedPush): boolean =>
  known !== undefined &&
  known.repositoryId === refused.repositoryId &&
  known.renamedTo === refused.renamedTo &&
  Date.parse(refused.at) - Date.parse(known.at) < NEW_FOR_MS;
