import { attemptOf } from '../../lambdas/domain/build/attempt.ts';
import { SYSTEM } from '../../lambdas/domain/model/audit.ts';
import { type Deployment, plannedOf } from '../../lambdas/domain/model/deployment.ts';
import { endUnsuccessfully, startApplying } from '../../lambdas/domain/model/deployment-transitions.ts';
import {
  type EnvironmentState,
  emptyState,
  withApplyStarted,
  withUnannounced,
  withUnknownResources,
} from '../../lambdas/domain/model/environment-state.ts';
import type { Lift } from '../../lambdas/domain/model/lifts/lift.ts';
import type { Store, Surroundings, Transaction } from '../../lambdas/domain/ports.ts';
import { recordAudit } from '../../lambdas/domain/transaction/record-audit.ts';
import { recordEnvironmentEvent } from '../../lambdas/domain/transaction/record-environment-event.ts';
import { recordEvent } from '../../lambdas/domain/transaction/record-event.ts';
import { type Evidence, type Finding, numberOf } from './aftermath.ts';

export interface Recorder {
  readonly store: Store;
  readonly evidence: Evidence;
  readonly surroundings: Surroundings;
  /** Who runs the command, as IAM knows the caller. */
  readonly by: string;
  readonly moment: string;
}

/** What was done about a finding. `left`: the command has to run again. `told`: only people can do something about it. */
export interface Recorded {
  readonly outcome: 'recorded' | 'stopped' | 'told' | 'left';
  readonly text: string;
}

/**
 * Records in the table what has happened since the moment, so that nothing is applied again and nothing newer is
 * replaced unseen. Where it is not known what was applied, the environment is put on hold. Each record is one
 * transaction. Safe to repeat.
 */
export async function recordFinding(recorder: Recorder, finding: Finding): Promise<Recorded> {
  switch (finding.kind) {
    case 'applied':
      return recordApplied(recorder, finding);
    case 'applied-unknown':
      return holdEnvironment(recorder, finding);
    case 'homeless':
      return { outcome: 'told', text: 'register its environment again, or remove its resources by hand' };
    case 'moved-on':
    case 'unknown-running':
      return stopExecution(recorder, finding);
    case 'lift':
      return endLift(recorder, finding);
  }
}

type Found<Kind extends Finding['kind']> = Extract<Finding, { kind: Kind }>;

/**
 * Uses the plan up for this attempt, as ConsumePlan did. The reconciler ends the deployment by what the apply build of the
 * attempt left.
 */
async function recordApplied(recorder: Recorder, finding: Found<'applied'>): Promise<Recorded> {
  const { deploymentId: id, application, environment, attempt, at } = finding;
  const { store, surroundings, by } = recorder;
  await store.transact(async (transaction) => {
    const found = await transaction.get('deployment', { id });
    const planned = found && plannedOf(found);
    if (!planned) throw new Error(`recording the apply of "${id}": it has no plan`);
    const deployment: Deployment = attempt > attemptOf(found) ? { ...found, attempt } : found;
    const isOpen = deployment.status === 'planning' || deployment.status === 'awaiting_approval';
    transaction.put('deployment', isOpen ? startApplying(deployment, planned, at) : deployment);
    const { digest } = planned;
    if (await transaction.get('consumedPlan', { digest })) return;
    transaction.put('consumedPlan', { digest, deploymentId: id, at });
    const state = await transaction.get('environmentState', { application, environment });
    if (state) transaction.put('environmentState', withApplyStarted(state, deployment, surroundings.now()));
    recordEvent(transaction, surroundings, id, 'plan-consumed', by, { digest });
    await recordAudit(transaction, surroundings, {
      ...{ application, environment, deploymentId: id, type: 'plan-consumed', ...SYSTEM, digest },
      comment: `recorded by ${by} after the table was set back to ${recorder.moment}: the apply began at ${at}`,
    });
  });
  return { outcome: 'recorded', text: 'its plan is used up' };
}

/**
 * Puts the environment on hold, and ends what waits for it: a hold stops only automatic deployments, and each of these is
 * older than what was applied, or is what was applied. The release of a known deployment counts as started.
 */
async function holdEnvironment(recorder: Recorder, finding: Found<'applied-unknown'>): Promise<Recorded> {
  const { deploymentId, application, environment, at } = finding;
  const { store, surroundings, by, moment } = recorder;
  const where = { application, environment };
  const reason = `${deploymentId} was applied here at ${at}, after the moment ${moment} that the table was set back to`;
  const isHeld = await store.transact(async (transaction) => {
    const state = (await transaction.get('environmentState', where)) ?? emptyState(application, environment);
    const target = await transaction.get('environment', { application, name: environment });
    const known = await transaction.get('deployment', { id: deploymentId });
    const now = surroundings.now();
    const isRegular = target?.type === 'regular';
    const hold = isRegular ? { hold: { reason, by: { principal: by }, at: now } } : {};
    const started = known ? withApplyStarted(state, known, now) : withUnknownResources(state);
    const emptied = await withoutQueue(transaction, recorder, started, reason);
    transaction.put('environmentState', { ...emptied, ...numbered(state, deploymentId), ...hold });
    if (isRegular) await tell(transaction, recorder, { ...where, reason });
    return isRegular;
  });
  const text = isHeld
    ? 'the environment is on hold: deploy the release that it should have'
    : 'the environment is ephemeral and has no hold: deploy its commit again, or end it';
  return { outcome: 'recorded', text };
}

/** Ends every deployment that waits. The reconciler announces them. */
async function withoutQueue(
  transaction: Transaction,
  { surroundings }: Recorder,
  state: EnvironmentState,
  message: string,
): Promise<EnvironmentState> {
  const error = { reason: 'superseded', message };
  const ids = state.queue.map(({ deploymentId }) => deploymentId);
  for (const id of ids) {
    const waiting = await transaction.get('deployment', { id });
    if (!waiting) throw new Error(`the queue names deployment "${id}", which does not exist`);
    transaction.put('deployment', endUnsuccessfully(waiting, 'superseded', error, surroundings.now()));
    recordEvent(transaction, surroundings, id, 'superseded');
  }
  return withUnannounced({ ...state, queue: [] }, ids);
}

const numbered = ({ newestDeployment }: EnvironmentState, deploymentId: string) => ({
  newestDeployment: Math.max(newestDeployment, numberOf(deploymentId)),
});

async function tell(
  transaction: Transaction,
  { surroundings, by }: Recorder,
  { reason, ...where }: { application: string; environment: string; reason: string },
): Promise<void> {
  recordEnvironmentEvent(transaction, surroundings, { ...where, type: 'held', by, reason });
  const actor = { by, via: 'api', principal: by } as const;
  await recordAudit(transaction, surroundings, { ...where, type: 'held', ...actor, comment: reason });
}

async function stopExecution(
  { evidence }: Recorder,
  { deploymentId, execution }: Found<'moved-on' | 'unknown-running'>,
): Promise<Recorded> {
  if (execution.isBuilding)
    return { outcome: 'left', text: 'a build of it is in progress: run this again when it has ended' };
  await evidence.stop(deploymentId);
  return { outcome: 'stopped', text: 'its execution is stopped' };
}

/** Ends a lift that may have been used: staff can give it again. */
async function endLift({ store, surroundings }: Recorder, finding: Found<'lift'>): Promise<Recorded> {
  const { application, environment, of, subject } = finding;
  const where = { application, environment };
  const now = surroundings.now();
  const ended = (lifts: readonly Lift[]) =>
    lifts.map((lift) => (lift.usedBy || (lift.expiresAt ?? now) < now ? lift : { ...lift, expiresAt: now }));
  await store.transact(async (transaction) => {
    if (of === 'protection') {
      const given = await transaction.get('protectionLifts', { ...where, address: subject });
      if (given) transaction.put('protectionLifts', { ...given, lifts: ended(given.lifts) });
    } else {
      const given = await transaction.get('proofLifts', { ...where, subject });
      if (given) transaction.put('proofLifts', { ...given, lifts: ended(given.lifts) });
    }
  });
  return { outcome: 'recorded', text: 'it is ended; staff can give it again' };
}
