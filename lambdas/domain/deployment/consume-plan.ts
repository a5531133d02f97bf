import * as z from 'zod';
import { applyBuild, BuildRequestSchema } from '../build/build-request.ts';
import { issueTicket } from '../build/issue-ticket.ts';
import type { Applies } from '../contract/applies.ts';
import type { EndingError } from '../endings.ts';
import { ConflictError, NotHolderError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { SYSTEM } from '../model/audit.ts';
import { contentOf, type Deployment, type DeploymentIn, type Planned, plannedOf } from '../model/deployment.ts';
import { startApplying } from '../model/deployment-transitions.ts';
import { type Environment, isProtected } from '../model/environment.ts';
import { withApplyStarted } from '../model/environment-state.ts';
import { approvalsOf, isAbout } from '../model/gate.ts';
import { activeLift, type LiftUse, useLift } from '../model/lifts/lift.ts';
import { GATES, type GateName, policyForDeployment, stricterGates } from '../policy.ts';
import type { ArtifactStore, Reader, Store, Surroundings, Transaction } from '../ports.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { objectionTo, readForObjection } from './objection.ts';
import { objectionToContent, readForContent } from './objection-to-content.ts';
import { PAUSES_OF_BAN, pauseAfter } from './pause-after.ts';

export const ConsumptionSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('consumed'), apply: BuildRequestSchema }),
  z.object({ outcome: z.literal('canceled') }),
  z.object({ outcome: z.literal('blocked') }),
  /** Applies are banned. */
  z.object({ outcome: z.literal('banned'), waitSeconds: z.int().min(1) }),
  /** Applies were banned. CheckPlan has not checked yet whether the plan has gone stale meanwhile. */
  z.object({ outcome: z.literal('unchecked') }),
]);
export type Consumption = z.infer<typeof ConsumptionSchema>;

/**
 * Makes the last checks before anything changes (rule 2). One transaction checks every gate for exactly this digest,
 * the proof of the previous environment, hold, holder and status, and gives the digest to this deployment and no other.
 * Safe to repeat: it succeeds again for the same deployment. Where applies are banned, the plan waits, and afterwards it
 * has to be checked again; an execution that cannot wait (`canWait`) gets an error instead. Throws NotHolderError,
 * ConflictError.
 */
export async function consumePlan(
  {
    store,
    artifacts,
    surroundings,
    applies,
  }: {
    store: Store;
    artifacts: Pick<ArtifactStore, 'bucket'>;
    surroundings: Surroundings;
    applies: Applies;
  },
  id: string,
  { canWait }: { readonly canWait: boolean },
): Promise<Consumption> {
  const ahead = await store.readAhead();
  await readForConsumption(ahead, id);
  return store.transact(async (transaction) => {
    const deployment = await transaction.get('deployment', { id });
    const planned = deployment && plannedOf(deployment);
    if (!planned) throw new NotHolderError(`consuming the plan of "${id}": there is none`);
    const where = { application: deployment.application, environment: deployment.environment };
    const [state, application, environment, consumed] = await Promise.all([
      transaction.get('environmentState', where),
      transaction.get('application', { name: where.application }),
      transaction.get('environment', { application: where.application, name: where.environment }),
      transaction.get('consumedPlan', { digest: planned.digest }),
    ]);
    if (state?.holder?.deploymentId !== id)
      throw new NotHolderError(
        `consuming the plan of "${id}": the environment is held by ${state?.holder?.deploymentId ?? 'nobody'}`,
      );
    if (!application || !environment)
      throw new NotHolderError(`consuming the plan of "${id}": its environment was removed`);
    const { installation } = surroundings;
    const subject = { installation, application, environment, deployment, artifactBucket: artifacts.bucket };
    const apply = async () =>
      applyBuild(subject, await issueTicket(transaction, surroundings, 'apply', subject), planned);
    if (deployment.status === 'applying' && consumed?.deploymentId === id)
      return { outcome: 'consumed', apply: await apply() };
    if (deployment.status !== 'planning' && deployment.status !== 'awaiting_approval')
      throw new NotHolderError(`consuming the plan of "${id}": it is ${deployment.status}`);
    if (planned.round !== deployment.round)
      throw new NotHolderError(`consuming the plan of "${id}": it has gone stale and is made again`);
    if (deployment.cancelRequestedBy) return { outcome: 'canceled' };

    const now = surroundings.now();
    if (applies === 'banned' || deployment.appliesBannedSince)
      return waitForApplies(transaction, deployment, { surroundings, applies, canWait });
    const blocking = consumed
      ? { reason: 'plan-consumed', message: `this plan was applied by "${consumed.deploymentId}"` }
      : ((await objectionToApplying(transaction, deployment, planned, application, environment, now)) ??
        (await objectionToContent(transaction, { application, environment, deployment, planned, now })));
    if (blocking) {
      transaction.put('deployment', { ...deployment, blocking });
      recordEvent(transaction, surroundings, id, 'blocked', undefined, { reason: blocking.reason });
      return { outcome: 'blocked' };
    }
    await useLifts(transaction, deployment, planned, { createdAt: environment.createdAt, now });
    const { newestStarted, appliedCommit, resources, hold } = state;
    const before = { newestStarted, appliedCommit, resources, hold };
    transaction.put('consumedPlan', { digest: planned.digest, deploymentId: id, at: now, before });
    transaction.put('deployment', startApplying(deployment, planned, now));
    transaction.put('environmentState', withApplyStarted(state, deployment, now));
    recordEvent(transaction, surroundings, id, 'plan-consumed', undefined, { digest: planned.digest });
    await recordAudit(transaction, surroundings, {
      ...where,
      deploymentId: id,
      type: 'plan-consumed',
      ...SYSTEM,
      digest: planned.digest,
      details: {
        ...contentOf(deployment),
        operation: deployment.operation,
        liftsUsed: planned.lifts,
        ...(planned.proof?.lifts.length && { proofLiftsUsed: planned.proof.lifts }),
      },
    });
    return { outcome: 'consumed', apply: await apply() };
  }, ahead);
}

/** Lets the plan wait while applies are banned. A plan that has waited continues with CheckPlan. */
function waitForApplies(
  transaction: Transaction,
  deployment: DeploymentIn<'planning' | 'awaiting_approval'>,
  { surroundings, applies, canWait }: { surroundings: Surroundings; applies: Applies; canWait: boolean },
): Consumption {
  if (applies === 'allowed') return { outcome: 'unchecked' };
  if (!canWait)
    throw new ConflictError(`consuming the plan of "${deployment.id}": applies are banned, deploy it later`);
  const now = surroundings.now();
  const { appliesBannedSince: since = now } = deployment;
  if (!deployment.appliesBannedSince) {
    transaction.put('deployment', { ...deployment, appliesBannedSince: since });
    recordEvent(transaction, surroundings, deployment.id, 'applies-banned');
  }
  return { outcome: 'banned', waitSeconds: pauseAfter(since, now, PAUSES_OF_BAN) };
}

/** Marks as used up every lift that the plan needs. */
async function useLifts(
  transaction: Transaction,
  { id, application, environment }: Pick<Deployment, 'id' | 'application' | 'environment'>,
  { lifts, proof }: Planned,
  use: LiftUse,
): Promise<void> {
  const where = { application, environment };
  for (const address of lifts) {
    const given = await transaction.get('protectionLifts', { ...where, address });
    const used = useLift(given?.lifts, id, use);
    if (given && used) transaction.put('protectionLifts', { ...given, lifts: used });
  }
  for (const subject of proof?.lifts ?? []) {
    const given = await transaction.get('proofLifts', { ...where, subject });
    const used = useLift(given?.lifts, id, use);
    if (given && used) transaction.put('proofLifts', { ...given, lifts: used });
  }
}

/** Reads in parallel the records that the last checks would read one after the other. */
async function readForConsumption(ahead: Reader, id: string): Promise<void> {
  const deployment = await ahead.get('deployment', { id });
  const planned = deployment && plannedOf(deployment);
  if (!planned) return;
  const { application, environment } = deployment;
  await Promise.all([
    ahead.get('application', { name: application }),
    ahead.get('environment', { application, name: environment }),
    ahead.get('environmentState', { application, environment }),
    ahead.get('consumedPlan', { digest: planned.digest }),
    ahead.get('auditHead', { application }),
    ahead.get('composition', { deploymentId: id }),
    ahead.get('buildTicket', { deploymentId: id, purpose: 'apply', round: deployment.round }),
    ...GATES.map((gate) => ahead.get('gate', { deploymentId: id, gate })),
    ...planned.lifts.map((address) => ahead.get('protectionLifts', { application, environment, address })),
  ]);
  await Promise.all([readForObjection(ahead, deployment), readForContent(ahead, deployment, planned)]);
}

/** Returns why a gate stops the plan. A plan that passed its own gates is stopped only by a policy raised later. */
function notApproved(gate: GateName, required: number, people: number, { gates, digest }: Planned): EndingError {
  const wasRequired = gates.find((planned) => planned.gate === gate)?.required ?? 0;
  if (people < wasRequired || required === wasRequired)
    return { reason: 'not-approved', message: `the ${gate} gate has not approved plan ${digest}` };
  return {
    reason: 'policy-raised',
    message: `the policy demands ${required} ${gate} approval(s) by now, the plan was made for ${wasRequired}; deploy the release again`,
  };
}

/** Returns the reason why a rule forbids applying this plan now, if there is one. */
async function objectionToApplying(
  transaction: Transaction,
  deployment: DeploymentIn<'planning' | 'awaiting_approval'>,
  planned: Planned,
  { policy }: Application,
  target: Environment,
  now: string,
): Promise<EndingError | undefined> {
  const { id, application, environment, operation } = deployment;
  const inForce = policyForDeployment(target, operation, policy);
  for (const { gate: name, required } of stricterGates(planned.gates, inForce)) {
    const gate = await transaction.get('gate', { deploymentId: id, gate: name });
    const approvals = gate ? approvalsOf(gate).filter(({ digest }) => isAbout(gate, digest)) : [];
    const people = new Set(approvals.map(({ by }) => by)).size;
    const isForThisPlan = gate?.digest === planned.digest && gate.changeDigest === planned.changeDigest;
    if (gate?.status !== 'approved' || !isForThisPlan || people < required)
      return notApproved(name, required, people, planned);
  }
  for (const address of planned.lifts) {
    const given = await transaction.get('protectionLifts', { application, environment, address });
    if (!activeLift(given?.lifts, { createdAt: target.createdAt, now }))
      return { reason: 'lift-used', message: `the lifted protection of ${address} was used up by another deployment` };
  }
  const mayDelete = planned.headline.summary.destroy > 0 || !planned.isInspected;
  if (isProtected(target) && !planned.isProtected && mayDelete)
    return {
      reason: 'deletion-protected',
      message: `${environment} was protected against deletion after this plan was made, which ${planned.isInspected ? 'deletes' : 'nobody has looked at'}`,
    };
  return objectionTo(transaction, deployment);
}
