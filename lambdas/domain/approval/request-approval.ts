import * as z from 'zod';
import { NotHolderError } from '../errors.ts';
import type { Approver } from '../model/approver.ts';
import { type Deployment, orderOf, type Planned, plannedOf } from '../model/deployment.ts';
import { startAwaitingApproval } from '../model/deployment-transitions.ts';
import { approvalsOf, carryOver, close, type Gate, isOwnRequest, voidDecisions } from '../model/gate.ts';
import { gatesInForce } from '../model/gates-in-force.ts';
import type { LinkState } from '../model/link-state.ts';
import { LISTINGS } from '../model/table/listings.ts';
import type { GateName } from '../policy.ts';
import { GATES, policyForDeployment } from '../policy.ts';
import type { EventBus, Reader, Store, Surroundings, Transaction } from '../ports.ts';
import { listReadable } from '../transaction/list-all.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { tellOfApprovals } from './carry-approvals.ts';
import { type LinkMailServices, linkStateOf, mailLink, noteAsked, releaseOf } from './mail-link.ts';
import { findSuccessBefore } from './success-before.ts';

export interface ApprovalServices extends LinkMailServices {
  readonly store: Store;
  readonly events: EventBus;
  readonly surroundings: Surroundings;
}

export const ApprovalRequestSchema = z.object({
  /** `blocked`: too few approvers can be reached by mail or as mapped principals. */
  outcome: z.enum(['asked', 'blocked']),
  /** Seconds the task may wait: until a minute after the gate expires, so that the gate's expiry decides. */
  timeoutSeconds: z.int().min(1),
});
export type ApprovalRequest = z.infer<typeof ApprovalRequestSchema>;

const GRACE_SECONDS = 60;

/**
 * Opens the gate, once per plan, and mails each of its approvers a link of their own. A retry finds the gate open and
 * mails the same links to those whom it is not known to have reached. A gate that expired meanwhile asks nobody.
 */
export async function requestApproval(
  services: ApprovalServices,
  id: string,
  name: GateName,
): Promise<ApprovalRequest> {
  const { store, mail, surroundings } = services;
  const ahead = await store.readAhead();
  const [deployment, subscriptions] = await Promise.all([ahead.get('deployment', { id }), mail.subscriptions()]);
  if (!deployment) throw new NotHolderError(`requesting approval for "${id}": there is no such deployment`);
  const [approvers] = await Promise.all([
    approversFor(store, deployment.application, name),
    readForOpening(ahead, deployment),
  ]);
  const reachable = approvers.filter(
    ({ email, principals }) => principals.length > 0 || subscriptions.get(email)?.confirmed,
  );
  const { gate, deployment: waiting } = await store.transact(
    (transaction) => openGate(transaction, id, name, approvers, reachable, surroundings),
    ahead,
  );
  if (!gate) return { outcome: 'blocked', timeoutSeconds: GRACE_SECONDS };
  if (gate.status === 'open' && surroundings.now() < gate.expiresAt) {
    const decided = new Set(approvalsOf(gate).map(({ by }) => by));
    const asked = reachable.filter(({ email }) => subscriptions.get(email)?.confirmed && !decided.has(email));
    await mailLinks(services, ahead, waiting, gate, asked);
  }
  return { outcome: 'asked', timeoutSeconds: secondsUntil(gate.expiresAt, surroundings.now()) };
}

export const secondsUntil = (expiresAt: string, now: string): number =>
  Math.max(0, Math.ceil((Date.parse(expiresAt) - Date.parse(now)) / 1000)) + GRACE_SECONDS;

/** Lists the approvers of a gate who can be read. The gate needs its number of distinct approvers without the others. */
export async function approversFor(store: Store, application: string, gate: GateName): Promise<Approver[]> {
  const { items } = await listReadable(store, LISTINGS.approvers(application));
  return items.filter((approver) => approver.gates.includes(gate));
}

/** Reads in parallel the records that `openGate` would read one after the other. */
async function readForOpening(ahead: Reader, { id, application, environment }: Deployment): Promise<void> {
  await Promise.all([
    ahead.get('application', { name: application }),
    ahead.get('environment', { application, name: environment }),
    ahead.get('environmentState', { application, environment }),
    ...GATES.map((gate) => ahead.get('gate', { deploymentId: id, gate })),
  ]);
}

async function openGate(
  transaction: Transaction,
  id: string,
  name: GateName,
  approvers: readonly Approver[],
  reachable: readonly Approver[],
  surroundings: Surroundings,
): Promise<{ gate?: Gate; deployment: Deployment }> {
  const deployment = await transaction.get('deployment', { id });
  const planned = deployment && plannedOf(deployment);
  if (!planned || (deployment.status !== 'planning' && deployment.status !== 'awaiting_approval'))
    throw new NotHolderError(`opening the ${name} gate of "${id}": it is ${deployment?.status ?? 'absent'}`);
  if (planned.round !== deployment.round)
    throw new NotHolderError(`opening the ${name} gate of "${id}": its plan has gone stale and is made again`);
  const current = await transaction.get('gate', { deploymentId: id, gate: name });
  if (current?.round === planned.round) return { gate: current, deployment };
  const { application, environment } = deployment;
  const [owner, target] = [
    await transaction.get('application', { name: application }),
    await transaction.get('environment', { application, name: environment }),
  ];
  if (!owner || !target) throw new NotHolderError(`opening the ${name} gate of "${id}": its environment was removed`);
  const demands = gatesInForce(deployment, { application: owner, environment: target }, []);
  const demand = demands.find(({ gate }) => gate === name);
  if (!demand) throw new Error(`deployment "${id}" has no ${name} gate`);
  const { required } = demand;
  const { gateExpirySeconds } = policyForDeployment(target, deployment.operation, owner.policy);
  const able = reachable.filter((approver) => !isOwnRequest(name, target.stage, deployment, approver));
  if (able.length < required) {
    const blocking = {
      reason: 'approvers-unreachable',
      message: unreachableMessage(name, required, approvers, reachable, able),
    };
    transaction.put('deployment', { ...deployment, blocking });
    recordEvent(transaction, surroundings, id, 'approvers-unreachable', undefined, { gate: name });
    return { deployment };
  }
  const now = surroundings.now();
  const opened: Gate = {
    deploymentId: id,
    application,
    environment,
    gate: name,
    status: 'open' as const,
    required,
    round: planned.round,
    digest: planned.digest,
    changeDigest: planned.changeDigest,
    ...decidedBefore(current, planned, required, now),
    openedAt: now,
    expiresAt: new Date(Date.parse(now) + gateExpirySeconds * 1000).toISOString(),
  };
  if (current && opened.decisions.length > 0)
    await tellOfApprovals(transaction, surroundings, current, planned, 'carried');
  const gate = await closedAtOnce(transaction, deployment, opened, target.stage !== 'production', now);
  transaction.put('gate', gate);
  const waiting = deployment.status === 'planning' ? startAwaitingApproval(deployment, planned) : deployment;
  transaction.put('deployment', waiting);
  recordEvent(transaction, surroundings, id, 'approval-requested', undefined, { gate: name, digest: planned.digest });
  return { gate, deployment: waiting };
}

/** Returns the decisions about earlier plans: those that count for this plan, and void ones (rule 3). */
function decidedBefore(
  before: Gate | undefined,
  planned: Planned,
  required: number,
  now: string,
): Pick<Gate, 'decisions' | 'carried' | 'voided'> {
  if (!before) return { decisions: [], carried: [], voided: [] };
  const isSame = before.changeDigest === planned.changeDigest && before.status !== 'void';
  const { decisions, carried, voided } = isSame
    ? carryOver(before, planned, required, now)
    : voidDecisions(before, now);
  return { decisions, carried, voided };
}

/** Closes the gate at once after a request to cancel, or if a newer release arrived during planning (rule 4). */
async function closedAtOnce(
  transaction: Transaction,
  deployment: Deployment,
  gate: Gate,
  isReplaceable: boolean,
  now: string,
): Promise<Gate> {
  if (deployment.cancelRequestedBy) return close(gate, 'canceled', now);
  if (!isReplaceable || deployment.operation !== 'deploy') return gate;
  for (const other of GATES) {
    const before = await transaction.get('gate', { deploymentId: deployment.id, gate: other });
    if (before && before.decisions.length + before.voided.length > 0) return gate;
  }
  const { application, environment } = deployment;
  const state = await transaction.get('environmentState', { application, environment });
  const newer = state?.queue.some(({ operation, release }) => operation === 'deploy' && release > orderOf(deployment));
  return newer ? close(gate, 'superseded', now) : gate;
}

function unreachableMessage(
  gate: GateName,
  required: number,
  approvers: readonly Approver[],
  reachable: readonly Approver[],
  able: readonly Approver[],
): string {
  const silent = approvers.filter((approver) => !reachable.includes(approver)).map(({ email }) => email);
  const asking = reachable.filter((approver) => !able.includes(approver)).map(({ email }) => email);
  return [
    `the ${gate} gate needs ${required} approver(s), ${able.length} of ${approvers.length} registered can be asked`,
    ...(silent.length > 0 ? [`not reachable (subscription not confirmed, no principal): ${silent.join(', ')}`] : []),
    ...(asking.length > 0 ? [`requested it and cannot approve it: ${asking.join(', ')}`] : []),
  ].join('; ');
}

async function mailLinks(
  services: ApprovalServices,
  ahead: Reader,
  deployment: Deployment,
  gate: Gate,
  recipients: readonly Approver[],
): Promise<void> {
  const { store, events } = services;
  const { application, environment, release: number, commit, operation } = deployment;
  const [release, before, ...links] = await Promise.all([
    releaseOf(store, deployment),
    findSuccessBefore(ahead, deployment),
    ...recipients.map(({ email }) => linkStateOf(store, gate, email)),
  ]);
  const mailed: LinkState[] = [];
  try {
    for (const link of links.filter(({ isAsked }) => !isAsked)) {
      await mailLink(services, { deployment, gate, release, before }, link, 'request');
      mailed.push(link);
    }
    await events.publish('ApprovalRequested', {
      deploymentId: deployment.id,
      application,
      environment,
      release: number,
      commit,
      operation,
      gate: gate.gate,
      expiresAt: gate.expiresAt,
    });
  } catch (error) {
    // If this fails, too, somebody gets the same mail again; the first error is the one to report.
    await noteAsked(store, mailed).catch(() => undefined);
    throw error;
  }
}
