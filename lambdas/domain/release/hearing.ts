import * as z from 'zod';
import { HeardSchema } from '../model/news/repository-news.ts';
import { HeadViewSchema } from './head-view.ts';

export const PushViewSchema = HeardSchema.omit({ repositoryId: true });

/** What pushes have told of an application's repository, and why nothing came of them. */
export const HeardViewSchema = z
  .object({
    /** The repository, as pushes are compared with it: host, owner and name in lower case. */
    repository: z.string(),
    /** The last push to the application's branch; null if none was told of. */
    branch: PushViewSchema.nullable(),
    /** The head of the application's branch; null until an event has told of it. */
    head: HeadViewSchema.nullable(),
    /**
     * Branches that pushes of the repository named last, newest first; at most ten. The time and commit of a branch to
     * which is pushed often may be an hour old.
     */
    branches: z.array(PushViewSchema),
    /** The last signed push that was refused: of another repository with this name, or of this one under another name. */
    refused: z
      .object({ branch: z.string(), at: z.string(), repositoryId: z.int(), renamedTo: z.string().nullable() })
      .nullable(),
    /** Number of records that cannot be read and are left out; absent if none are. */
    skipped: z.int().optional(),
  })
  .meta({ id: 'Heard' });
export type HeardView = z.input<typeof HeardViewSchema>;

/** Why nothing comes of pushes, and what to do. */
export const NoticeSchema = z
  .object({
    reason: z.enum([
      'pushes-refused',
      'repository-renamed',
      'nothing-heard',
      'branch-not-heard',
      'nothing-concerned',
      'environment-missing',
      'release-not-deployed',
    ]),
    message: z.string(),
    /** What a person can do. */
    next: z.string(),
  })
  .meta({ id: 'Notice' });
export type Notice = z.input<typeof NoticeSchema>;

/** What was heard of an application's repository, and what a person has to know about it. */
export const HearingSchema = z.object({ heard: HeardViewSchema, notices: z.array(NoticeSchema) });
