import * as z from 'zod';
import { type Applied, AppliedSchema } from '../contract/applied.ts';
import { RUNS_PREFIX } from '../contract/run-objects.ts';
import { StateAddressSchema } from '../contract/state-address.ts';
import { StateHeadSchema } from '../contract/state-head.ts';
import { ENDING_NAMES, type Ending, isEnding, UNSUCCESSFUL, type Unsuccessful } from '../endings.ts';
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
import { GateNameSchema } from '../policy.ts';

/**
 * `queued`: waits for the environment. `planning`: holds it, the plan is made or analysed. `awaiting_approval`: a gate
 * is open. `applying`: the plan is consumed, Terraform changes things. The others are its endings.
 */
export const STATUSES = ['queued', 'planning', 'awaiting_approval', 'applying', ...ENDING_NAMES] as const;
export const StatusSchema = z.enum(STATUSES);
export type Status = z.infer<typeof StatusSchema>;

/** The one transition table: what may follow each status. */
const TRANSITIONS: Readonly<Record<Exclude<Status, Ending>, readonly Status[]>> = {
  queued: ['planning', 'canceled', 'superseded'],
  planning: ['awaiting_approval', 'applying', 'succeeded', 'canceled', 'superseded', 'blocked', 'failed'],
  awaiting_approval: ['planning', 'applying', 'rejected', 'expired', 'canceled', 'superseded', 'blocked', 'failed'],
  // Back to planning only when the engine refused the plan as stale, before it did anything.
  applying: ['planning', 'succeeded', 'failed'],
};

export const isTerminal = (status: Status): status is Ending => isEnding(status);
export const canBecome = (from: Status, to: Status): boolean => !isTerminal(from) && TRANSITIONS[from].includes(to);

/** Who asked: the caller as seen, and the registered approver it maps to, if any (rule 10). */
export const RequesterSchema = z.object({ principal: z.string(), approver: EmailSchema.optional() });
export type Requester = z.infer<typeof RequesterSchema>;

const Artifact = z.object({ key: z.string(), versionId: z.string() });

/** Why a plan is not applied but made again. */
export const StalenessSchema = z.enum(['state-changed', 'plan-too-old', 'refused-as-stale']);
export type Staleness = z.infer<typeof StalenessSchema>;

/** What reviewers approve and the apply runs: one bundle, known by its digest. */
export const PlannedSchema = z.object({
  /** SHA-256 of the plan bundle. */
  digest: Sha256Schema,
  /** Hash of the plan's meaning. */
  changeDigest: Sha256Schema,
  bundle: Artifact,
  analysis: Artifact,
  /** Terraform's serial and lineage when the plan was made; null before the first apply. */
  state: StateHeadSchema.nullable(),
  stateAddress: StateAddressSchema,
  plannedAt: InstantSchema,
  /** 1 for the first plan of the deployment, one more each time it is planned again. */
  round: z.int().min(1),
  hasChanges: z.boolean(),
  /** Whether a build in which nothing of the repository runs has read it. */
  isInspected: z.boolean().default(false),
  /** Numbers and sentences shown in lists; the whole analysis is the artifact. */
  headline: AnalysisHeadlineSchema,
  gates: z.array(z.object({ gate: GateNameSchema, required: z.int().min(1) })),
  /** Whether the environment was protected against deletion when the plan was judged (rule 7). */
  isProtected: z.boolean(),
  /** Addresses whose protection this plan needs lifted; the lifts are used up when the plan is consumed. */
  lifts: z.array(z.string()),
  /** The plan that had gone stale and was made again as this one. */
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

/** Why a deployment ended other than by success. */
export const EndingErrorSchema = z.object({
  /** Short and stable, for machines: `plan-failed`, `plan-stale`, `state-address-taken` … */
  reason: z.string(),
  message: z.string().max(2000),
  /** State of the workflow in which it happened. */
  state: z.string().optional(),
  diagnostics: z
    .array(
      z.object({
        severity: z.string(),
        summary: z.string(),
        detail: z.string().optional(),
        address: z.string().optional(),
        file: z.string().optional(),
        line: z.int().optional(),
      }),
    )
    .max(20)
    .optional(),
});
export type EndingError = z.infer<typeof EndingErrorSchema>;

const base = {
  id: DeploymentIdSchema,
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  /** Per environment: 1, 2, 3… in order of creation. */
  number: z.int().min(1),
  /** Absent in an ephemeral environment, which is given commits and no releases. */
  release: ReleaseNumberSchema.optional(),
  commit: CommitSchema,
  operation: OperationSchema,
  /** Made by a push or a promotion rule, not asked for by somebody. */
  automatic: z.boolean(),
  requestedBy: RequesterSchema,
  createdAt: InstantSchema,
  /** 128 random bits in the artifact prefix: builds of other deployments cannot guess it. Appears in no answer. */
  runSecret: z.string().regex(/^[0-9a-f]{32}$/),
  /** Number of the plan that is being made or was made last: 1, and one more each time it is made again. */
  round: z.int().min(1),
  /** Somebody asked to cancel while a build was running; read between states. */
  cancelRequestedBy: RequesterSchema.optional(),
  /** What a policy holds against it; becomes the error when it ends `blocked`. */
  blocking: EndingErrorSchema.optional(),
};
const ended = { endedAt: InstantSchema, planned: PlannedSchema.optional() };
const unsuccessful = { ...ended, error: EndingErrorSchema };
/** One run that brings one environment to one release; each status carries exactly what is known then. */
export const DeploymentSchema = z.discriminatedUnion('status', [
  z.object({ ...base, status: z.literal('queued') }),
  z.object({
    ...base,
    status: z.literal('planning'),
    heldSince: InstantSchema,
    planned: PlannedSchema.optional(),
    /** Why the plan of the round before, which is still `planned`, is made again. */
    stale: StalenessSchema.optional(),
  }),
  z.object({ ...base, status: z.literal('awaiting_approval'), heldSince: InstantSchema, planned: PlannedSchema }),
  z.object({
    ...base,
    status: z.literal('applying'),
    heldSince: InstantSchema,
    planned: PlannedSchema,
    consumedAt: InstantSchema,
  }),
  z.object({ ...base, ...ended, status: z.literal('succeeded'), planned: PlannedSchema }),
  z.object({ ...base, ...unsuccessful, status: z.enum(UNSUCCESSFUL) }),
  z.object({ ...base, ...unsuccessful, status: z.literal('failed'), applied: AppliedSchema }),
]);
export type Deployment = z.infer<typeof DeploymentSchema>;
export type DeploymentIn<S extends Status> = Extract<Deployment, { status: S }>;

/** Which of two deployments to an environment is newer: the release decides, without releases the order of creation. */
export const orderOf = ({ release, number }: Pick<Deployment, 'release' | 'number'>): number => release ?? number;

/** What a deployment brings: its release, or the commit where there are no releases. */
export const contentOf = ({
  release,
  commit,
}: Pick<Deployment, 'release' | 'commit'>): Readonly<Record<string, string | number>> =>
  release === undefined ? { commit } : { release };

/** `release 7`, or `commit 0123456789ab` where there are no releases. */
export const describeContent = ({ release, commit }: Pick<Deployment, 'release' | 'commit'>): string =>
  release === undefined ? `commit ${commit.slice(0, 12)}` : `release ${release}`;

/** The plan of a deployment, as far as one was made. */
export const plannedOf = (deployment: Deployment): Planned | undefined =>
  'planned' in deployment ? deployment.planned : undefined;

/** Common facts of a deployment, without what belongs to its status. */
function factsOf(deployment: Deployment) {
  const { id, application, environment, number, release, commit, operation } = deployment;
  const { automatic, requestedBy, createdAt, runSecret, round, cancelRequestedBy, blocking } = deployment;
  return {
    id,
    application,
    environment,
    number,
    commit,
    operation,
    automatic,
    requestedBy,
    createdAt,
    runSecret,
    round,
    ...(release !== undefined && { release }),
    ...(cancelRequestedBy && { cancelRequestedBy }),
    ...(blocking && { blocking }),
  };
}

function requireTransition(deployment: Deployment, to: Status): void {
  if (!canBecome(deployment.status, to))
    throw new Error(`deployment "${deployment.id}" is ${deployment.status} and cannot become ${to}`);
}

/** The environment is its own now: a queued deployment begins to plan. */
export function startPlanning(deployment: Deployment, now: string): DeploymentIn<'planning'> {
  requireTransition(deployment, 'planning');
  const planned = plannedOf(deployment);
  return { ...factsOf(deployment), status: 'planning', heldSince: now, ...(planned && { planned }) };
}

/** The plan is analysed. The status changes when a gate opens or the plan is consumed. */
export function withPlan(deployment: DeploymentIn<'planning'>, planned: Planned): DeploymentIn<'planning'> {
  return { ...factsOf(deployment), status: 'planning', heldSince: deployment.heldSince, planned };
}

/** The plan has gone stale: the next round begins. What was planned stays to be compared with. */
export function planAgain(
  deployment: DeploymentIn<'awaiting_approval' | 'applying'>,
  stale: Staleness,
): DeploymentIn<'planning'> {
  requireTransition(deployment, 'planning');
  const { heldSince, planned, round } = deployment;
  return { ...factsOf(deployment), round: round + 1, status: 'planning', heldSince, planned, stale };
}

export function startAwaitingApproval(
  deployment: DeploymentIn<'planning'>,
  planned: Planned,
): DeploymentIn<'awaiting_approval'> {
  requireTransition(deployment, 'awaiting_approval');
  return { ...factsOf(deployment), status: 'awaiting_approval', heldSince: deployment.heldSince, planned };
}

export function startApplying(
  deployment: DeploymentIn<'planning' | 'awaiting_approval'>,
  planned: Planned,
  now: string,
): DeploymentIn<'applying'> {
  requireTransition(deployment, 'applying');
  return { ...factsOf(deployment), status: 'applying', heldSince: deployment.heldSince, planned, consumedAt: now };
}

export function succeed(deployment: Deployment, now: string): DeploymentIn<'succeeded'> {
  requireTransition(deployment, 'succeeded');
  const planned = plannedOf(deployment);
  if (!planned) throw new Error(`deployment "${deployment.id}" has no plan and cannot have succeeded`);
  if (planned.hasChanges && deployment.status !== 'applying')
    throw new Error(
      `deployment "${deployment.id}" has planned changes that were not applied and cannot have succeeded`,
    );
  return { ...factsOf(deployment), status: 'succeeded', endedAt: now, planned };
}

/** Ends a deployment other than by success or failure. */
export function endUnsuccessfully(
  deployment: Deployment,
  status: Unsuccessful,
  error: EndingError,
  now: string,
): DeploymentIn<Unsuccessful> {
  requireTransition(deployment, status);
  const planned = plannedOf(deployment);
  return { ...factsOf(deployment), status, endedAt: now, error, ...(planned && { planned }) };
}

export function fail(
  deployment: Deployment,
  error: EndingError,
  applied: Applied,
  now: string,
): DeploymentIn<'failed'> {
  requireTransition(deployment, 'failed');
  const planned = plannedOf(deployment);
  return { ...factsOf(deployment), status: 'failed', endedAt: now, error, applied, ...(planned && { planned }) };
}

/** Where the builds of a round leave their artifacts; each round has its own plan, and its own single apply. */
export const runPrefix = ({ id, runSecret, round }: Pick<Deployment, 'id' | 'runSecret' | 'round'>): string =>
  `${RUNS_PREFIX}${id}/${runSecret}/${round}/`;
