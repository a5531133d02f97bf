import { redeemingBuild } from '../build/apply-ticket.ts';
import { findApply } from '../build/find-apply.ts';
import { keepTree } from '../build/keep-tree.ts';
import { announceEnding } from '../deployment/announce-ending.ts';
import { EXECUTION_ENDED, recordFailure } from '../deployment/record-ending.ts';
import { passOn, releaseEnvironment } from '../deployment/release-environment.ts';
import { type Deployment, isTerminal } from '../model/deployment.ts';
import type { EnvironmentState } from '../model/environment-state.ts';
import type { OwedPromotion } from '../model/upkeep/upkeep-records.ts';
import { GATES } from '../policy.ts';
import type { ArtifactStore, Builds, Surroundings } from '../ports.ts';
import { promoteAutomatically, settleEmpty } from '../release/promote.ts';
import { announceQueued, type EffectServices, resumeGate } from '../transaction/effects.ts';

export type RepairServices = EffectServices & {
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

export async function announce(services: RepairServices, id: string): Promise<Repair> {
  await announceQueued(services, id);
  return { deploymentId: id, action: 'announced', why: 'it ended in the queue and nobody had told' };
}

export const nameOf = ({ holder, queue }: EnvironmentState): string => (holder ?? queue[0])?.deploymentId ?? 'nobody';

export async function repairEnvironment(
  services: RepairServices,
  state: EnvironmentState,
): Promise<Repair | undefined> {
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
async function resumeDecided(services: RepairServices, deployment: Deployment): Promise<Repair | undefined> {
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

async function end(services: RepairServices, deployment: Deployment, how: string): Promise<Repair> {
  await recordFailure(services, deployment.id, {
    state: deployment.status === 'applying' ? 'Apply' : 'execution',
    error: `${EXECUTION_ENDED}${how}`,
    cause: `the execution was found ${how} while the deployment was ${deployment.status}`,
  });
  await announceAndRelease(services, deployment.id);
  return { deploymentId: deployment.id, action: 'ended', why: `its execution is ${how}` };
}

async function release(services: RepairServices, deployment: Deployment, why: string): Promise<Repair> {
  await announceAndRelease(services, deployment.id);
  return { deploymentId: deployment.id, action: 'released', why };
}

/**
 * Announces the ending again and keeps the tree, as the execution may not have done so. Frees the environment even if
 * one of this fails.
 */
async function announceAndRelease(services: RepairServices, id: string): Promise<void> {
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

/** Makes a promotion whose event was lost: that of the newest success of an environment. */
export async function repairPromotion(
  services: RepairServices,
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
