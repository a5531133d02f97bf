import { deleteDroppedTrees } from './build/drop-trees.ts';
import { keepTree } from './build/keep-tree.ts';
import { announceEnding } from './deployment/announce-ending.ts';
import { EXECUTION_ENDED, recordFailure } from './deployment/record-ending.ts';
import { passOn, releaseEnvironment } from './deployment/release-environment.ts';
import { type Deployment, isTerminal } from './model/deployment.ts';
import type { EnvironmentState } from './model/environment-state.ts';
import { LISTINGS } from './model/table/listings.ts';
import { GATES } from './policy.ts';
import type { ArtifactStore, Builds, Surroundings } from './ports.ts';
import { automaticTarget, promoteAutomatically } from './release/promote.ts';
import type { EffectServices } from './transaction/effects.ts';
import { announceQueued, resumeGate } from './transaction/effects.ts';
import { listAll } from './transaction/list-all.ts';

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

/** Checks every environment with a holder or a queue, and repairs what a crash, a stop or a lost event left behind. */
export async function reconcile(services: ReconcileServices): Promise<Repair[]> {
  const repairs: Repair[] = [];
  let cursor: string | undefined;
  do {
    const page = await services.store.list(LISTINGS.inFlight(), { ...(cursor && { cursor }) });
    for (const { application, environment } of page.items) {
      const state = await services.store.get('environmentState', { application, environment });
      if (!state) continue;
      for (const id of state.unannounced) repairs.push(...(await attempt(id, () => announce(services, id))));
      repairs.push(...(await attempt(nameOf(state), () => repairEnvironment(services, state))));
    }
    cursor = page.nextCursor;
  } while (cursor);
  return [...repairs, ...(await deleteTrees(services)), ...(await repairPromotions(services))];
}

async function announce(services: ReconcileServices, id: string): Promise<Repair> {
  await announceQueued(services, id);
  return { deploymentId: id, action: 'announced', why: 'it ended in the queue and nobody had told' };
}

const nameOf = ({ holder, queue }: EnvironmentState): string => (holder ?? queue[0])?.deploymentId ?? 'nobody';

/** Runs one repair. A repair that fails in one environment must not prevent the repairs of others (rule 6). */
async function attempt(deploymentId: string, repair: () => Promise<Repair | undefined>): Promise<Repair[]> {
  try {
    const done = await repair();
    return done ? [done] : [];
  } catch (error) {
    return [{ deploymentId, action: 'failed', why: String(error) }];
  }
}

/** Repairs the one environment whose execution has just ended. */
export async function reconcileDeployment(services: ReconcileServices, id: string): Promise<Repair | undefined> {
  const deployment = await services.store.get('deployment', { id });
  if (!deployment) return undefined;
  const { application, environment } = deployment;
  const state = await services.store.get('environmentState', { application, environment });
  return state && state.holder?.deploymentId === id ? repairEnvironment(services, state) : undefined;
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
  const builds = await workflow.builds(deployment.id);
  if (builds.length > 0 && (await services.builds.anyInProgress(builds)))
    return { deploymentId: deployment.id, action: 'left-alone', why: 'its build is still in progress' };
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

/** Deletes the trees of environments that have ended without a deployment that would have done so. */
async function deleteTrees(services: ReconcileServices): Promise<Repair[]> {
  const repairs: Repair[] = [];
  const environments = await listAll(services.store, LISTINGS.droppedTrees());
  for (const where of environments)
    repairs.push(
      ...(await attempt(nameOfPlace(where), async () => {
        await deleteDroppedTrees(services, where);
        return undefined;
      })),
    );
  return repairs;
}

const nameOfPlace = ({ application, environment }: { application: string; environment: string }): string =>
  `${application}/${environment}`;

/** Makes promotions whose event was lost: the newest success of an environment that promotes automatically has none. */
async function repairPromotions(services: ReconcileServices): Promise<Repair[]> {
  const repairs: Repair[] = [];
  let cursor: string | undefined;
  do {
    const page = await services.store.list(LISTINGS.applications(), { ...(cursor && { cursor }) });
    for (const application of page.items)
      for (const environment of application.pipeline) {
        const state = await services.store.get('environmentState', { application: application.name, environment });
        const newest = state?.deployed?.deploymentId;
        if (newest) repairs.push(...(await attempt(newest, () => repairPromotion(services, state))));
      }
    cursor = page.nextCursor;
  } while (cursor);
  return repairs;
}

async function repairPromotion(
  services: ReconcileServices,
  { application, environment, deployed }: EnvironmentState,
): Promise<Repair | undefined> {
  const { store, surroundings } = services;
  if (!deployed || Date.parse(surroundings.now()) - Date.parse(deployed.at) < GRACE_MS) return undefined;
  if (!(await automaticTarget(store, application, environment))) return undefined;
  if (await store.get('promotion', { sourceDeploymentId: deployed.deploymentId })) return undefined;
  await promoteAutomatically(services, deployed.deploymentId);
  return { deploymentId: deployed.deploymentId, action: 'promoted', why: 'its promotion had been lost' };
}
