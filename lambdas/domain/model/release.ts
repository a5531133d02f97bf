import * as z from 'zod';
import type { ConfigPushed } from '../events.ts';
import {
  ApplicationNameSchema,
  CommitSchema,
  DeploymentIdSchema,
  InstantSchema,
  NO_COMMIT,
  ReleaseNumberSchema,
  StoredBranchSchema,
} from '../names.ts';
import { HeardSchema } from './news/repository-news.ts';

/** A commit that concerns an application and was pushed, or asked for by API. */
export const ReleaseSchema = z.object({
  application: ApplicationNameSchema,
  number: ReleaseNumberSchema,
  commit: CommitSchema,
  message: z.string(),
  author: z.string(),
  source: z.enum(['push', 'api']),
  createdAt: InstantSchema,
  /** Message and author that the request gave. Present from when `message` and `author` are those of the commit. */
  stated: z.object({ message: z.string(), author: z.string() }).optional(),
});
export type Release = z.infer<typeof ReleaseSchema>;

/** The last release number of an application, and the head of its branch as far as pushes have reported it. */
export const ReleaseLogSchema = z.object({
  application: ApplicationNameSchema,
  newest: z.int().min(0),
  head: CommitSchema.optional(),
  /** The branch of this head: the application may have another one since then. Absent in older logs. */
  branch: StoredBranchSchema.optional(),
  /** Time of the push that made this commit the head, as that push gives it. */
  headPushedAt: InstantSchema.optional(),
  /**
   * False as long as no push has become a release: commits from before the first reported push may be in no release.
   */
  isCovered: z.boolean().optional(),
  /** The last push to the branch of which an event has told, and in which repository; absent in older logs. */
  heard: HeardSchema.extend({ repository: z.string() }).optional(),
});

/** Returns whether the head of a log may be that of this branch. */
export const isHeadOnBranch = (
  { branch: told }: Pick<z.infer<typeof ReleaseLogSchema>, 'branch'>,
  branch: string,
): boolean => told === undefined || told === branch;

/** Records a delivery or a (before, after) pair, with the release that it became; 0 when it became none. */
export const PushMarkSchema = z.object({
  application: ApplicationNameSchema,
  mark: z.string(),
  release: z.int().min(0),
  at: InstantSchema,
});

/** Returns the marks under which a push is known: its delivery, and the commits between which it moved the branch. */
export const pushMarks = (push: ConfigPushed): { delivery: string; pair: string } => ({
  delivery: `delivery#${push.eventId}`,
  pair: `pair#${originOf(push) ?? 'none'}..${push.after}`,
});

/** Returns the commit at which a push begins; undefined for a branch that was made. */
export const originOf = ({ before }: Pick<ConfigPushed, 'before'>): string | undefined =>
  before === NO_COMMIT ? undefined : before;

/**
 * The automatic promotion of a source deployment. When this record exists, a second delivery of the event does nothing.
 */
export const PromotionSchema = z.object({
  sourceDeploymentId: DeploymentIdSchema,
  /** Absent when the promotion was refused; `refusal` is then the reason. */
  deploymentId: DeploymentIdSchema.optional(),
  refusal: z.string().optional(),
  at: InstantSchema,
});
