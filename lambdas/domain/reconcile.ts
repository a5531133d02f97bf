import { redeemingBuild } from './build/apply-ticket.ts';
import { deleteDroppedTrees } from './build/drop-trees.ts';
import { findApply } from './build/find-apply.ts';
import { keepTree } from './build/keep-tree.ts';
import { announceEnding } from './deployment/announce-ending.ts';
import { EXECUTION_ENDED, recordFailure } from './deployment/record-ending.ts';
import { passOn, releaseEnvironment } from './deployment/release-environment.ts';
import { UnreadableRecordError } from './errors.ts';
import { reviewUnreadable } from './health/unreadable-register.ts';
import { type Deployment, isTerminal } from './model/deployment.ts';
import type { EnvironmentState } from './model/environment-state.ts';
import { LISTINGS, type Listing } from './model/table/listings.ts';
import type { Kind, RecordOf } from './model/table/records.ts';
import type { OwedPromotion } from './model/upkeep/upkeep-records.ts';
import { GATES } from './policy.ts';
import type { ArtifactStore, Builds, Store, Surroundings } from './ports.ts';
import { promoteAutomatically, settleEmpty } from './release/promote.ts';
import type { EffectServices } from './transaction/effects.ts';
import { announceQueued, resumeGate } from './transaction/effects.ts';

export type ReconcileServices = EffectServices & {
  readonly artifacts: ArtifactStore;
  readonly builds: Builds;
  readonly surroundings: Surroundings;
};

/** Time that a holder may be without an execution before the reconciler starts one. */
const GRACE_MS = 60_000;

export interface Repair {
  readonly deploymentId: string;
  /** `failed`: the repair failed, and a person has to look. */
  readonly action: 'started' | 'resumed' | 'ended' | 'released' | 'announced' | 'promoted' | 'left-alone' | 'failed';
  readonly why: string;
}

export interface Reconciled {
  readonly repairs: readonly Repair[];
  /** Number of records that are known to be unreadable, and that nothing in this run has met. */
  readonly unreadable: number;
}

/** What a run has done and met so far. */
interface Run {
  readonly repairs: Repair[];
  readonly met: UnreadableRecordError[];
}

/**
 * Checks what is unfinished: every environment with a holder or a queue, promotions that are owed, trees to delete, and
 * records that could not be read. Repairs what a crash, a stop or a lost event left behind. What it reads does not
 * depend on the number of applications.
 */
export async function reconcile(services: ReconcileServices): Promise<Reconciled> {
  const run: Run = { repairs: [], met: [] };
  for await (const listed of each(run, services.store, LISTINGS.inFlight())) {
    const { application, environment } = listed;
    const state = await attempt(run, nameOf(listed), () =>
      services.store.get('environmentState', { application, environment }),
    );
    if (!state) continue;
    for (const id of state.unannounced) await repair(run, id, () => announce(services, id));
    await repair(run, nameOf(state), () => repairEnvironment(services, state));
  }
  for await (const where of each(run, services.store, LISTINGS.droppedTrees()))
    await attempt(run, nameOfPlace(where), () => deleteDroppedTrees(services, where));
  for await (const owed of each(run, services.store, LISTINGS.owedPromotions()))
    await repair(run, nameOfPlace(owed), () => repairPromotion(services, owed));
  const unreadable = await attempt(run, 'records', () => reviewUnreadable(services, run.met));
  return { repairs: run.repairs, unreadable: unreadable ?? 0 };
}

/** Yields every record of a listing that can be read. */
async function* each<K extends Kind>(run: Run, store: Store, listing: Listing<K>): AsyncGenerator<RecordOf<K>> {
  let cursor: string | undefined;
  do {
    const page = await store.list(listing, { ...(cursor && { cursor }) });
    run.met.push(...page.unreadable);
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor);
}

async function announce(services: ReconcileServices, id: string): Promise<Repair> {
  await announceQueued(services, id);
  return { deploymentId: id, action: 'announced', why: 'it ended in the queue and nobody had told' };
}

const nameOf = ({ holder, queue }: EnvironmentState): string => (holder ?? queue[0])?.deploymentId ?? 'nobody';

/**
 * Returns what `perform` returns, or undefined if it fails. A failure in one environment must not prevent the repairs of
 * others (rule 6).
 */
async function attempt<T>(run: Run, deploymentId: string, perform: () => Promise<T>): Promise<T | undefined> {
  try {
    return await perform();
  } catch (error) {
    if (error instanceof UnreadableRecordError) run.met.push(error);
    run.repairs.push({ deploymentId, action: 'failed', why: String(error) });
    return undefined;
  }
}

async function repair(run: Run, deploymentId: string, perform: () => Promise<Repair | undefined>): Promise<void> {
  const done = await attempt(run, deploymentId, perform);
  if (done) run.repairs.push(done);
}

/** Repairs the one environment whose execution has just ended. */
export async function reconcileDeployment(services: ReconcileServices, id: string): Promise<Repair | undefined> {
  const deployment = await services.store.get('deployment', { id });
  if (!deployment) return undefined;
  const { application, environment } = deployment;
  const state = await services.store.get('environmentState', { application, environment });
  return state?.holder?.deploymentId === id ? repairEnvironment(services, state) : undefined;
}

async function repairEnvironment(services: ReconcileServices, state: EnvironmentState): Promise<Repair | undefined> {
  const { store, workflow, surroundings } = services;
  const { holder, application, environment } = state;
  if (!holder) {
    // The index lags behind: the environment may have become free in the meantime.
    if (state.queue.length === 0) return undefined;
    await passOn(services, application, environment, null);
    return { deploymentId: nameOf(state), action: 'released', why: 'it waited for an environment that nobody held' };
  }
  const deployment = await store.get('deployment', { id: holder.deploymentId });
  if (!deployment)
    throw new Error(`${application}/${environment} is held by "${holder.deploymentId}", which does not exist`);
  const isFresh = Date.parse(surroundings.now()) - Date.parse(holder.since) < GRACE_MS;
  const execution = await workflow.execution(deployment.id);
  if (execution.status === 'running') return resumeDecided(services, deployment);
  if (execution.status === 'absent') {
    if (isTerminal(deployment.status)) return release(services, deployment, 'it had ended without an execution');
    if (isFresh) return undefined;
    await workflow.start(deployment.id);
    return { deploymentId: deployment.id, action: 'started', why: 'it held its environment without an execution' };
  }
  const builds = [...(await redeemingBuild(store, deployment)), ...(await workflow.builds(deployment.id))];
  const isInProgress =
    (builds.length > 0 && (await services.builds.anyInProgress(builds))) ||
    (deployment.status === 'applying' && (await findApply(services, deployment)) === 'running');
  if (isInProgress) return { deploymentId: deployment.id, action: 'left-alone', why: 'its build is still in progress' };
  if (isTerminal(deployment.status)) return release(services, deployment, 'its execution ended without releasing it');
  return end(services, deployment, execution.status);
}

/** Resumes the task of the latest gate if that gate is closed: the task may still wait, after a lost resumption. */
async function resumeDecided(services: ReconcileServices, deployment: Deployment): Promise<Repair | undefined> {
  if (deployment.status !== 'awaiting_approval' || deployment.appliesBannedSince) return undefined;
  for (const name of GATES.toReversed()) {
    const gate = await services.store.get('gate', { deploymentId: deployment.id, gate: name });
    if (!gate) continue;
    const closedFor = gate.closedAt ? Date.parse(services.surroundings.now()) - Date.parse(gate.closedAt) : 0;
    if (closedFor < RESUME_GRACE_MS) return undefined;
    await resumeGate(services, deployment.id, name);
    return { deploymentId: deployment.id, action: 'resumed', why: `its ${name} gate is ${gate.status}` };
  }
  return undefined;
}

/** Time to wait after a gate was closed: a resumption takes well under this, so the workflow may still be resuming. */
const RESUME_GRACE_MS = 10_000;

async function end(services: ReconcileServices, deployment: Deployment, how: string): Promise<Repair> {
  await recordFailure(services, deployment.id, {
    state: deployment.status === 'applying' ? 'Apply' : 'execution',
    error: `${EXECUTION_ENDED}${how}`,
    cause: `the execution was found ${how} while the deployment was ${deployment.status}`,
  });
  await announceAndRelease(services, deployment.id);
  return { deploymentId: deployment.id, action: 'ended', why: `its execution is ${how}` };
}

async function release(services: ReconcileServices, deployment: Deployment, why: string): Promise<Repair> {
  await announceAndRelease(services, deployment.id);
  return { deploymentId: deployment.id, action: 'released', why };
}

/**
 * Announces the ending again and keeps the tree, as the execution may not have done so. Frees the environment even if
 * one of this fails.
 */
async function announceAndRelease(services: ReconcileServices, id: string): Promise<void> {
  try {
    await announceEnding(services, id);
  } finally {
    try {
      await keepTree(services, id);
    } finally {
      await releaseEnvironment(services, id);
    }
  }
}

const nameOfPlace = ({ application, environment }: { application: string; environment: string }): string =>
  `${application}/${environment}`;

/** Makes a promotion whose event was lost: that of the newest success of an environment. */
async function repairPromotion(
  services: ReconcileServices,
  { application, environment }: OwedPromotion,
): Promise<Repair | undefined> {
  const { store, surroundings } = services;
  const where = { application, environment };
  const deployed = (await store.get('environmentState', where))?.deployed;
  if (!deployed) {
    await settleEmpty(store, where);
    return undefined;
  }
  if (Date.parse(surroundings.now()) - Date.parse(deployed.at) < GRACE_MS) return undefined;
  const { deploymentId } = deployed;
  const before = await store.get('promotion', { sourceDeploymentId: deploymentId });
  await promoteAutomatically(services, deploymentId);
  const made = before ?? (await store.get('promotion', { sourceDeploymentId: deploymentId }));
  return before || !made ? undefined : { deploymentId, action: 'promoted', why: 'its promotion had been lost' };
}
