import * as z from 'zod';
import { ENDING_NAMES } from '../endings.ts';
import {
  ApplicationNameSchema,
  CommitSchema,
  DeploymentIdSchema,
  EnvironmentNameSchema,
  InstantSchema,
  ReleaseNumberSchema,
} from '../names.ts';
import type { Operation } from '../operation.ts';
import { forgetRehearsals } from './applied-changes.ts';
import { type Deployment, type DeploymentIn, describeContent, orderOf } from './deployment.ts';
import {
  DeployedSchema,
  HoldSchema,
  type ModuleVersion,
  QueueEntrySchema,
  VerdictSchema,
} from './state/state-parts.ts';

export type QueueEntry = z.infer<typeof QueueEntrySchema>;

/**
 * What happens in one environment: which deployment holds it, which ones wait, and what is deployed. One record, one
 * lock.
 */
export const EnvironmentStateSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  /** Number of the newest deployment created here. */
  newestDeployment: z.int().min(0),
  holder: QueueEntrySchema.extend({ since: InstantSchema }).nullable(),
  /** Waiting deployments, in order of arrival. */
  queue: z.array(QueueEntrySchema),
  /** Newest release whose apply started here, or that succeeded without changes (rule 5); 0 before the first. */
  newestStarted: z.int().min(0),
  /** Number of deployments and rollbacks that have succeeded here. Each success has the next number. */
  successes: z.int().min(0),
  /** Rollbacks that withdraw newer releases: every success of a release above `to` with a number below `until`. */
  rollbacks: z.array(z.object({ to: ReleaseNumberSchema, until: z.int().min(1) })),
  /** Successes up to this number prove nothing: the environment has since been removed, or moved to another place. */
  provenAfter: z.int().min(0).default(0),
  /** Number of applies that have ended here and may have changed something; absent if they were not counted from the beginning. */
  applies: z.int().min(0).optional(),
  /** Applies up to this number rehearse nothing: the environment has since been removed, or moved to another place. */
  rehearsedAfter: z.int().min(0).optional(),
  /**
   * Number of resources in the environment's Terraform state. It is 0 only when the state itself was read and was
   * empty; other numbers may also come from a build. Absent when the number is not known: before the first look, while
   * an apply may change it, and after an apply whose end is unknown.
   */
  resources: z.object({ count: z.int().min(0), deploymentId: DeploymentIdSchema, at: InstantSchema }).optional(),
  /** The commit whose apply has started last, however that apply ended. */
  appliedCommit: CommitSchema.optional(),
  /** Whether somebody asked to begin here with an empty state, whatever files of the repository say of one elsewhere. */
  beginsEmpty: z.boolean().optional(),
  hold: HoldSchema.nullable(),
  deployed: DeployedSchema.nullable(),
  /**
   * The last deployment here that succeeded or failed; null if there was none since the environment was made. Absent
   * until one ends, or the daily look finds it, in records of versions that did not keep it.
   */
  lastVerdict: VerdictSchema.nullable().optional(),
  /**
   * Deployments that ended in the queue and have not been published on the event bus yet. They have no execution that
   * would publish them.
   */
  unannounced: z.array(DeploymentIdSchema),
});
export type EnvironmentState = z.infer<typeof EnvironmentStateSchema>;

export const emptyState = (application: string, environment: string): EnvironmentState => ({
  application,
  environment,
  newestDeployment: 0,
  holder: null,
  queue: [],
  newestStarted: 0,
  successes: 0,
  rollbacks: [],
  provenAfter: 0,
  applies: 0,
  hold: null,
  deployed: null,
  lastVerdict: null,
  unannounced: [],
});

/**
 * The latest outcome of a release in an environment, which is the proof for rule 1. Endings that say nothing about the
 * release are recorded only as long as there is no verdict.
 */
export const OutcomeSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  release: ReleaseNumberSchema,
  succeeded: z.boolean(),
  deploymentId: DeploymentIdSchema,
  /** Number of the success among those of the environment; 0 for an outcome that is no success. */
  success: z.int().min(0),
  /** How the deployment ended, and whether a success had nothing to change; absent in older records. */
  ending: z.enum(ENDING_NAMES).optional(),
  passed: z.boolean().optional(),
  at: InstantSchema,
});
export type Outcome = z.infer<typeof OutcomeSchema>;

/**
 * Returns whether the release's latest outcome in the environment is a success that no rollback has withdrawn (rule 1).
 */
export const isProven = (state: EnvironmentState | undefined, outcome: Outcome | undefined): boolean =>
  state !== undefined && outcome?.succeeded === true && !isWithdrawn(state, outcome);

/** Returns whether a success proves nothing any more: a rollback, a removal or a move has withdrawn it. */
export const isWithdrawn = (
  { provenAfter, rollbacks }: Pick<EnvironmentState, 'provenAfter' | 'rollbacks'>,
  { release, success }: Pick<Outcome, 'release' | 'success'>,
): boolean => success <= provenAfter || rollbacks.some(({ to, until }) => release > to && success < until);

/** Returns whether a deployment holds the environment or waits for it. */
export const isBusy = (state: EnvironmentState | undefined): boolean =>
  state !== undefined && (state.holder !== null || state.queue.length > 0);

/**
 * Returns the deployments here for the same release and operation: the holder, which may have ended already, and
 * waiting ones.
 */
export const twinsOf = (state: EnvironmentState, wanted: { release: number; operation: Operation }): string[] =>
  [...(state.holder ? [state.holder] : []), ...state.queue]
    .filter((entry) => entry.release === wanted.release && entry.operation === wanted.operation)
    .map(({ deploymentId }) => deploymentId);

export interface Admission {
  readonly state: EnvironmentState;
  /** `holds`: begin at once. `waits`: stay queued. `superseded`: a newer release already waits here. */
  readonly verdict: 'holds' | 'waits' | 'superseded';
  /** Queued deployments that this one replaces. */
  readonly supersedes: readonly string[];
}

/**
 * Decides about an arriving deployment (rule 4). The first one holds the environment. Of the queued deploys, only the
 * newest release stays. A rollback is never replaced by a deploy, only by another rollback.
 */
export function admit(state: EnvironmentState, entry: QueueEntry, now: string): Admission {
  if (!state.holder && state.queue.length === 0)
    return { state: { ...state, holder: { ...entry, since: now } }, verdict: 'holds', supersedes: [] };
  const rivals = state.queue.filter((other) => other.operation === entry.operation && entry.operation !== 'destroy');
  if (entry.operation === 'deploy' && rivals.some((other) => other.release > entry.release))
    return { state, verdict: 'superseded', supersedes: [] };
  const queue = [...state.queue.filter((other) => !rivals.includes(other)), entry];
  return { state: { ...state, queue }, verdict: 'waits', supersedes: rivals.map((rival) => rival.deploymentId) };
}

export interface Departure {
  readonly state: EnvironmentState;
  readonly next: QueueEntry | undefined;
  /** Queued deploys whose release is now older than one whose apply started here (rule 5). */
  readonly superseded: readonly QueueEntry[];
}

/** Returns the next deployment in the queue: rollbacks come first, the others in order of arrival. */
export const nextInQueue = (queue: readonly QueueEntry[]): QueueEntry | undefined =>
  queue.find((entry) => entry.operation === 'rollback') ?? queue[0];

/** Clears the holder and picks the next one, when a deployment leaves (rule 4). */
export function releaseHolder(state: EnvironmentState, now: string): Departure {
  const superseded = state.queue.filter((entry) => isOutdated(state, entry));
  const waiting = state.queue.filter((entry) => !superseded.includes(entry));
  const next = nextInQueue(waiting);
  return {
    state: {
      ...state,
      holder: next ? { ...next, since: now } : null,
      queue: waiting.filter((entry) => entry !== next),
    },
    next,
    superseded,
  };
}

/** Returns whether an entry is a deploy of a release older than the newest one whose apply started here (rule 5). */
export const isOutdated = (state: EnvironmentState, entry: { release: number; operation: Operation }): boolean =>
  entry.operation === 'deploy' && entry.release < state.newestStarted;

/** Adds deployments that have ended without an execution that would announce it. */
export const withUnannounced = (state: EnvironmentState, ids: readonly string[]): EnvironmentState => ({
  ...state,
  unannounced: [...state.unannounced, ...ids],
});

export const withoutQueued = (state: EnvironmentState, deploymentId: string): EnvironmentState => ({
  ...state,
  queue: state.queue.filter((entry) => entry.deploymentId !== deploymentId),
});

/**
 * Records that a plan of this deployment is applied (or needs no apply): older releases are outdated from now on. A
 * rollback sets its hold now and not at its success, so that no promotion undoes a rollback that fails half way.
 */
function withStarted(state: EnvironmentState, deployment: Deployment, now: string): EnvironmentState {
  const { operation, requestedBy } = deployment;
  if (operation === 'deploy') return { ...state, newestStarted: Math.max(state.newestStarted, orderOf(deployment)) };
  if (operation === 'destroy') return state;
  return { ...state, hold: { reason: `rolled back to ${describeContent(deployment)}`, by: requestedBy, at: now } };
}

/** Records that a plan is about to be applied. Until the apply has ended well, the number of resources is not known. */
export function withApplyStarted(state: EnvironmentState, deployment: Deployment, now: string): EnvironmentState {
  const applied = deployment.operation === 'destroy' ? {} : { appliedCommit: deployment.commit };
  return withStarted({ ...withUnknownResources(state), ...applied }, deployment, now);
}

/** Records the number of resources that was read from the Terraform state itself. */
export const withResources = (
  state: EnvironmentState,
  count: number,
  deploymentId: string,
  at: string,
): EnvironmentState => ({ ...state, resources: { count, deploymentId, at } });

/**
 * Records the number of resources that a build reports. Code of the repository runs in builds, so a report that there
 * are resources is believed, and a report that there are none is not: it makes the number unknown, unless the state
 * itself was seen empty.
 */
export function withClaimedResources(
  state: EnvironmentState,
  count: number,
  deploymentId: string,
  at: string,
): EnvironmentState {
  if (count > 0) return withResources(state, count, deploymentId, at);
  return state.resources?.count === 0 ? state : withUnknownResources(state);
}

export const withUnknownResources = ({ resources: _outdated, ...state }: EnvironmentState): EnvironmentState => state;

/** Returns what a removed environment leaves to a new one with the same name: numbers go on, nothing else counts. */
export const withoutPast = ({
  resources: _seen,
  appliedCommit: _gone,
  beginsEmpty: _of,
  ...state
}: EnvironmentState): EnvironmentState => ({
  ...state,
  ...forgetRehearsals(state),
  newestStarted: 0,
  rollbacks: [],
  provenAfter: state.successes,
  hold: null,
  deployed: null,
  lastVerdict: null,
});

/**
 * Makes earlier successes prove nothing about the environment, because they were in another place than its present one.
 */
export const withoutProofs = ({ beginsEmpty: _there, ...state }: EnvironmentState): EnvironmentState => ({
  ...state,
  ...forgetRehearsals(state),
  provenAfter: state.successes,
});

/**
 * Returns whether the environment's Terraform state may contain resources. It may, unless nothing ever ran there or the
 * state was seen empty.
 */
export const mayHoldResources = (state: EnvironmentState | undefined): boolean =>
  state !== undefined &&
  (state.resources ? state.resources.count > 0 : state.newestStarted > 0 || state.deployed !== null);

/** Records that a deployment here has succeeded or failed, as the last one until now. */
export const withVerdict = (
  state: EnvironmentState,
  { id, status, endedAt }: DeploymentIn<'succeeded' | 'failed'>,
): EnvironmentState => ({ ...state, lastVerdict: { status, deploymentId: id, at: endedAt } });

/** Records a success: what is deployed, and for a rollback the hold and the withdrawal of newer successes. */
export function withSuccess(
  state: EnvironmentState,
  deployment: DeploymentIn<'succeeded'>,
  modules: readonly ModuleVersion[],
): EnvironmentState {
  const { release, commit, id, endedAt, operation, planned } = deployment;
  if (operation === 'destroy') return { ...state, deployed: null };
  const facts = { commit, deploymentId: id, at: endedAt, modules: [...modules], passed: !planned.hasChanges };
  const deployed = { ...facts, ...(release !== undefined && { release }) };
  const successes = state.successes + 1;
  const started = withStarted(state, deployment, endedAt);
  if (operation === 'deploy') return { ...started, deployed, successes };
  if (release === undefined) throw new Error(`deployment "${id}" rolls back to no release`);
  const rollbacks = [...state.rollbacks.filter(({ to }) => to < release), { to: release, until: successes }];
  return { ...started, deployed, successes, rollbacks };
}
