import * as z from 'zod';
import type { ConfigPushed } from '../events.ts';
import {
  ApplicationNameSchema,
  CommitSchema,
  DeploymentIdSchema,
  InstantSchema,
  NO_COMMIT,
  ReleaseNumberSchema,
} from '../names.ts';

/** One push of a commit that concerns an application. */
export const ReleaseSchema = z.object({
  application: ApplicationNameSchema,
  number: ReleaseNumberSchema,
  commit: CommitSchema,
  message: z.string(),
  author: z.string(),
  source: z.enum(['push', 'api']),
  createdAt: InstantSchema,
  /** What the request for it said. Present from when message and author are those of the commit. */
  stated: z.object({ message: z.string(), author: z.string() }).optional(),
});
export type Release = z.infer<typeof ReleaseSchema>;

/** Per application: the last number given, and the head of its branch as far as pushes have told. */
export const ReleaseLogSchema = z.object({
  application: ApplicationNameSchema,
  newest: z.int().min(0),
  head: CommitSchema.optional(),
  /** When the push said it was that made this the head. */
  headPushedAt: InstantSchema.optional(),
  /** False as long as no push has become a release: what was pushed before the first one told may be in none. */
  isCovered: z.boolean().optional(),
});

/** Remembers a delivery or a (before, after) pair, with the release it became; 0 when it became none. */
export const PushMarkSchema = z.object({
  application: ApplicationNameSchema,
  mark: z.string(),
  release: z.int().min(0),
  at: InstantSchema,
});

/**
 * Does a push concern an application? A change below `apps/<app>/` does, a change below another application's
 * directory does not, a change anywhere else concerns every application of the repository. Where the changed paths
 * are unknown (forced push, truncated list, new branch) every application is concerned.
 */
export function concerns(push: ConfigPushed, application: string): boolean {
  if (push.forced || !push.changedPaths || push.changedPaths.length === 0) return true;
  return push.changedPaths.some((path) => {
    const [top, name, ...rest] = path.split('/');
    const isInsideAnApplication = top === 'apps' && rest.length > 0;
    return !isInsideAnApplication || name === application;
  });
}

/** Marks under which one push is known: its delivery, and what it moved the branch from and to. */
export const pushMarks = (push: ConfigPushed): { delivery: string; pair: string } => ({
  delivery: `delivery#${push.eventId}`,
  pair: `pair#${originOf(push) ?? 'none'}..${push.after}`,
});

/** The commit a push begins at; undefined for a branch that was made. */
export const originOf = ({ before }: Pick<ConfigPushed, 'before'>): string | undefined =>
  before === NO_COMMIT ? undefined : before;

/** The automatic promotion of a source deployment; its existence makes the event's second delivery a no-op. */
export const PromotionSchema = z.object({
  sourceDeploymentId: DeploymentIdSchema,
  /** Absent when the promotion was refused, with the reason. */
  deploymentId: DeploymentIdSchema.optional(),
  refusal: z.string().optional(),
  at: InstantSchema,
});
