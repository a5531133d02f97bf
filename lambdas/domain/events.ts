import * as z from 'zod';
import type { EndingEvent } from './endings.ts';
import { CommitSchema, InstantSchema, NO_COMMIT, RepositoryIdSchema } from './names.ts';

/** `Source` of all events that Stagegate puts on its own bus. */
export const EVENT_SOURCE = 'stagegate';

/** A push to a config repository, from the webhook, the local watcher or other tooling. */
export const ConfigPushedSchema = z.object({
  /** The sender's delivery id; a second event with the same id is a duplicate. */
  eventId: z.string().min(1).max(200),
  repository: z.string().min(1).max(500),
  /** The id that the git host signed; absent from senders that know none. */
  repositoryId: RepositoryIdSchema.optional(),
  branch: z.string().min(1).max(250),
  /**
   * Head of the branch before the push; absent, or git's forty zeros, for a new branch. Equal to `after` when nothing
   * was pushed and the event only reports the head of the branch.
   */
  before: CommitSchema.optional(),
  after: CommitSchema.refine((commit) => commit !== NO_COMMIT, {
    error: 'the branch was deleted; use the event BranchDeleted',
  }),
  /** Time of the push. Together with the commits it orders pushes that arrive out of order. */
  pushedAt: InstantSchema.optional(),
  /** True if history was rewritten: then the commits do not show what changed. */
  forced: z.boolean().default(false),
  /** Paths that differ between before and after; absent when the sender truncated the list. */
  changedPaths: z.array(z.string().max(4096)).max(20_000).optional(),
  message: z.string().max(20_000).default(''),
  author: z.string().max(500).default(''),
  /** What of Stagegate published the event: its webhook, or a look at the heads. Absent from other senders. */
  via: z.enum(['webhook', 'look']).optional(),
});
export type ConfigPushed = z.infer<typeof ConfigPushedSchema>;

/** A branch of a config repository was deleted. */
export const BranchDeletedSchema = z.object({
  eventId: z.string().min(1).max(200),
  repository: z.string().min(1).max(500),
  repositoryId: RepositoryIdSchema.optional(),
  branch: z.string().min(1).max(250),
});
export type BranchDeleted = z.infer<typeof BranchDeletedSchema>;

/** A pull request from a branch of a config repository was merged, or closed without a merge. */
export const PullRequestClosedSchema = BranchDeletedSchema.extend({
  number: z.number().int().min(1),
  merged: z.boolean(),
});

const DeploymentFacts = z.object({
  deploymentId: z.string(),
  application: z.string(),
  environment: z.string(),
  /** Absent in an ephemeral environment. */
  release: z.number().int().optional(),
  commit: CommitSchema,
  operation: z.enum(['deploy', 'rollback', 'destroy']),
});

export const DeploymentSucceededSchema = DeploymentFacts.extend({
  changes: z.boolean(),
  /** Whether nothing was applied, because there was nothing to change; absent in events of earlier versions. */
  passedThrough: z.boolean().optional(),
});
export const DeploymentEndedSchema = DeploymentFacts.extend({ status: z.string(), reason: z.string() });
export const ApprovalRequestedSchema = DeploymentFacts.extend({
  gate: z.enum(['staff', 'client']),
  expiresAt: z.iso.datetime(),
});

/** An ephemeral environment could not be destroyed, and Stagegate does not try again by itself. */
export const EnvironmentStuckSchema = z.object({
  application: z.string(),
  environment: z.string(),
  reason: z.string(),
});

const CertificateFacts = z.object({
  application: z.string(),
  environment: z.string(),
  hostname: z.string(),
  certificateArn: z.string(),
  status: z.string(),
});

export const CertificateRenewedSchema = CertificateFacts.extend({ expiresAt: z.iso.datetime() });
/** `problem`: `renewal_failed`, `expiring`, `expired`, `missing` … */
export const CertificateFailingSchema = CertificateFacts.extend({
  problem: z.string(),
  expiresAt: z.iso.datetime().optional(),
});

/** Detail types of the events on our bus, each with the schema that publishers and consumers share. */
export const EVENTS = {
  ConfigPushed: ConfigPushedSchema,
  BranchDeleted: BranchDeletedSchema,
  PullRequestClosed: PullRequestClosedSchema,
  DeploymentSucceeded: DeploymentSucceededSchema,
  DeploymentFailed: DeploymentEndedSchema,
  DeploymentBlocked: DeploymentEndedSchema,
  DeploymentRejected: DeploymentEndedSchema,
  DeploymentExpired: DeploymentEndedSchema,
  DeploymentCanceled: DeploymentEndedSchema,
  DeploymentSuperseded: DeploymentEndedSchema,
  ApprovalRequested: ApprovalRequestedSchema,
  CertificateRenewed: CertificateRenewedSchema,
  CertificateFailing: CertificateFailingSchema,
  EnvironmentStuck: EnvironmentStuckSchema,
} as const satisfies Record<EndingEvent, typeof DeploymentEndedSchema> & Record<string, z.ZodType>;
export type EventName = keyof typeof EVENTS;
export type EventDetail<Name extends EventName> = z.input<(typeof EVENTS)[Name]>;
