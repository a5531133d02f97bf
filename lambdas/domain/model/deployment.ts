import * as z from 'zod';
import { AppliedSchema } from '../contract/applied.ts';
import { StateAddressSchema } from '../contract/state-address.ts';
import { PlannedHeadSchema } from '../contract/state-head.ts';
import { ENDING_NAMES, type Ending, EndingErrorSchema, isEnding, UNSUCCESSFUL } from '../endings.ts';
import {
  ApplicationNameSchema,
  CommitSchema,
  DeploymentIdSchema,
  EmailSchema,
  EnvironmentNameSchema,
  InstantSchema,
  ReleaseNumberSchema,
  Sha256Schema,
} from '../names.ts';
import { OperationSchema } from '../operation.ts';
import { AnalysisHeadlineSchema } from '../plan/analysis.ts';
import { RehearsalSchema } from '../plan/rehearsal/rehearsal-schema.ts';
import { GateNameSchema, ProofModeSchema } from '../policy.ts';
import { SubjectSchema } from './proof/subject.ts';

/**
 * `queued`: waits for the environment. `planning`: holds the environment; its plan is being made or analysed, or was
 * given back because its apply did not begin. `awaiting_approval`: a gate is open. `applying`: the plan is consumed;
 * Terraform changes things. The others are endings.
 */
export const STATUSES = ['queued', 'planning', 'awaiting_approval', 'applying', ...ENDING_NAMES] as const;
export const StatusSchema = z.enum(STATUSES);
export type Status = z.infer<typeof StatusSchema>;

/** The only transition table: the statuses that may follow each status. */
const TRANSITIONS: Readonly<Record<Exclude<Status, Ending>, readonly Status[]>> = {
  queued: ['planning', 'canceled', 'superseded'],
  planning: ['awaiting_approval', 'applying', 'succeeded', 'canceled', 'superseded', 'blocked', 'failed'],
  awaiting_approval: ['planning', 'applying', 'rejected', 'expired', 'canceled', 'superseded', 'blocked', 'failed'],
  // Goes back to planning only when nothing was changed: the plan is stale, or its build has not begun.
  applying: ['planning', 'succeeded', 'failed'],
};

export const isTerminal = (status: Status): status is Ending => isEnding(status);
export const canBecome = (from: Status, to: Status): boolean => !isTerminal(from) && TRANSITIONS[from].includes(to);

/** Who asked: the caller as Stagegate saw it, and the registered approver that the caller maps to, if any (rule 10). */
export const RequesterSchema = z.object({ principal: z.string(), approver: EmailSchema.optional() });
export type Requester = z.infer<typeof RequesterSchema>;

const Artifact = z.object({ key: z.string(), versionId: z.string() });

/** The engine that made a plan, by the name that applications give it. */
export const MadeBySchema = z.object({ name: z.enum(['terraform', 'opentofu']), version: z.string() });

/** Why a plan is not applied but made again. */
export const StalenessSchema = z.enum(['state-changed', 'plan-too-old', 'refused-as-stale']);
export type Staleness = z.infer<typeof StalenessSchema>;

/** What reviewers approve and the apply runs: one bundle, identified by its digest. */
export const PlannedSchema = z.object({
  /** SHA-256 of the plan bundle. */
  digest: Sha256Schema,
  /** Hash of what the plan would do. */
  changeDigest: Sha256Schema,
  bundle: Artifact,
  analysis: Artifact,
  /** Terraform's serial and lineage when the plan was made; null before the first apply. */
  state: PlannedHeadSchema,
  /** What made the plan; absent in older records. */
  engine: MadeBySchema.optional(),
  stateAddress: StateAddressSchema,
  plannedAt: InstantSchema,
  /** 1 for the first plan of the deployment, one more each time it is planned again. */
  round: z.int().min(1),
  hasChanges: z.boolean(),
  /** Whether a build that runs no code of the repository has read the plan. */
  isInspected: z.boolean().default(false),
  /** Numbers and sentences shown in lists; the whole analysis is in the artifact `analysis`. */
  headline: AnalysisHeadlineSchema,
  /** Absent where nothing is rehearsed: in the first environment, and if no resource changes. */
  rehearsal: RehearsalSchema.optional(),
  gates: z.array(z.object({ gate: GateNameSchema, required: z.int().min(1) })),
  /** Whether the environment was protected against deletion when the plan was judged (rule 7). */
  isProtected: z.boolean(),
  /** Addresses whose protection this plan needs lifted; the lifts are used up when the plan is consumed. */
  lifts: z.array(z.string()),
  /**
   * How the plan's modules, engine and providers were judged, and the subjects whose proof it needs lifted. Absent for
   * a plan that is not judged. `at`: lifts given later do not count for this plan, because nobody was told of them.
   */
  proof: z.object({ mode: ProofModeSchema, lifts: z.array(SubjectSchema), at: InstantSchema }).optional(),
  /** The stale plan that this plan replaces. */
  replaces: z
    .object({
      round: z.int().min(1),
      digest: Sha256Schema,
      changeDigest: Sha256Schema,
      analysis: Artifact,
      because: StalenessSchema,
    })
    .optional(),
});
export type Planned = z.infer<typeof PlannedSchema>;

export const AdoptSchema = z.literal('empty-state');
export type Adopt = z.infer<typeof AdoptSchema>;

const base = {
  id: DeploymentIdSchema,
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  /** Number within the environment: 1, 2, 3… in order of creation. */
  number: z.int().min(1),
  /** Absent in an ephemeral environment, which gets commits and no releases. */
  release: ReleaseNumberSchema.optional(),
  commit: CommitSchema,
  operation: OperationSchema,
  /**
   * `empty-state`: whoever asked knows that nothing exists yet, although files of the repository may name a state that
   * the directory does not use.
   */
  adopt: AdoptSchema.optional(),
  /** Whether a push, a promotion rule or the end of an ephemeral environment made the deployment. */
  automatic: z.boolean(),
  requestedBy: RequesterSchema,
  createdAt: InstantSchema,
  /**
   * 128 random bits in the artifact prefix, so that builds of other deployments cannot guess it. No answer contains
   * them.
   */
  runSecret: z.string().regex(/^[0-9a-f]{32}$/),
  /** The deployment whose kept tree is planned, instead of the commit in its repository. */
  treeOf: DeploymentIdSchema.optional(),
  /** Number of the plan that is being made or was made last: 1, and one more each time it is made again. */
  round: z.int().min(1),
  /** Number of the attempt to start builds; absent for the first. Builds of earlier attempts are void. */
  attempt: z.int().min(2).optional(),
  /** Who asked to cancel while a build was running; read between the states of the workflow. */
  cancelRequestedBy: RequesterSchema.optional(),
  /** Why a policy blocks the deployment; becomes the error when the deployment ends `blocked`. */
  blocking: EndingErrorSchema.optional(),
};
/** Since when a plan that may be applied waits, because applies are banned. */
const waiting = { appliesBannedSince: InstantSchema.optional() };
const ended = { endedAt: InstantSchema, planned: PlannedSchema.optional() };
const unsuccessful = { ...ended, error: EndingErrorSchema };
/** One run that brings one environment to one release. Each status has exactly the fields that are known then. */
export const DeploymentSchema = z.discriminatedUnion('status', [
  z.object({ ...base, status: z.literal('queued') }),
  z.object({
    ...base,
    ...waiting,
    status: z.literal('planning'),
    heldSince: InstantSchema,
    planned: PlannedSchema.optional(),
    /** Why the plan of the previous round, which is still in `planned`, is made again. */
    stale: StalenessSchema.optional(),
  }),
  z.object({
    ...base,
    ...waiting,
    status: z.literal('awaiting_approval'),
    heldSince: InstantSchema,
    planned: PlannedSchema,
  }),
  z.object({
    ...base,
    status: z.literal('applying'),
    heldSince: InstantSchema,
    planned: PlannedSchema,
    consumedAt: InstantSchema,
  }),
  z.object({ ...base, ...ended, status: z.literal('succeeded'), planned: PlannedSchema }),
  ...UNSUCCESSFUL.map((status) => z.object({ ...base, ...unsuccessful, status: z.literal(status) })),
  z.object({ ...base, ...unsuccessful, status: z.literal('failed'), applied: AppliedSchema }),
]);
export type Deployment = z.infer<typeof DeploymentSchema>;
export type DeploymentIn<S extends Status> = Extract<Deployment, { status: S }>;

/**
 * Returns the number that orders deployments to an environment: the release or, without releases, the order of
 * creation.
 */
export const orderOf = ({ release, number }: Pick<Deployment, 'release' | 'number'>): number => release ?? number;

/** Returns what a deployment brings: its release, or the commit where there are no releases. */
export const contentOf = ({
  release,
  commit,
}: Pick<Deployment, 'release' | 'commit'>): Readonly<Record<string, string | number>> =>
  release === undefined ? { commit } : { release };

/** Describes what a deployment brings: `release 7`, or `commit 0123456789ab` where there are no releases. */
export const describeContent = ({ release, commit }: Pick<Deployment, 'release' | 'commit'>): string =>
  release === undefined ? `commit ${commit.slice(0, 12)}` : `release ${release}`;

/** Returns the plan of a deployment, if one was made. */
export const plannedOf = (deployment: Deployment): Planned | undefined =>
  'planned' in deployment ? deployment.planned : undefined;
