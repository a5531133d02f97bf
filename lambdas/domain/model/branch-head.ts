import * as z from 'zod';
import { ApplicationNameSchema, CommitSchema, InstantSchema, RepositoryIdSchema } from '../names.ts';

/** The head of a branch as far as pushes have reported it. */
export const BranchHeadSchema = z.object({
  /** Name of the repository, as `repositoryName` returns it. */
  repository: z.string(),
  branch: z.string(),
  head: CommitSchema,
  /** Time of the push that made this commit the head, as that push gives it. */
  headPushedAt: InstantSchema.optional(),
  /** The id of the repository, if a push has told it. */
  repositoryId: RepositoryIdSchema.optional(),
  /** Earlier heads, the newest first. A push that arrives late leads back to one of them. */
  past: z.array(CommitSchema),
});
export type BranchHead = z.infer<typeof BranchHeadSchema>;

/**
 * Returns whether this may be the head of a branch of the repository with this id. Another repository may have got the
 * name, and applications that know different ones by it.
 */
export const isHeadIn = (
  { repositoryId: told }: Pick<BranchHead, 'repositoryId'>,
  { repositoryId: id }: { readonly repositoryId?: number | undefined },
): boolean => told === undefined || id === undefined || told === id;

/** How often pushes have reported that the branch reached a commit, and that it left the commit. */
export const PassageSchema = z.object({
  application: ApplicationNameSchema,
  commit: CommitSchema,
  reached: z.int().min(0),
  left: z.int().min(0),
});
export type Passage = Pick<z.infer<typeof PassageSchema>, 'reached' | 'left'>;
