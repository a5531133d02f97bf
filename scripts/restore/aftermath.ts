import { attemptOf } from '../../lambdas/domain/build/attempt.ts';
import { type AuditHead, emptyChain, proveNext } from '../../lambdas/domain/model/audit.ts';
import { type Deployment, isTerminal, plannedOf } from '../../lambdas/domain/model/deployment.ts';
import type { Environment } from '../../lambdas/domain/model/environment.ts';
import { activeLift } from '../../lambdas/domain/model/lifts/lift.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import type { Store } from '../../lambdas/domain/ports.ts';
import { listAll } from '../../lambdas/domain/transaction/list-all.ts';

/** An apply that began: the object that each apply build writes before it does anything else. */
export interface StartedApply {
  readonly deploymentId: string;
  readonly round: number;
  readonly attempt: number;
  readonly at: string;
}

/** What S3 and Step Functions know about deployments. They were not set back with the table. */
export interface Evidence {
  /** Returns the applies that began at this time or later. */
  appliesSince(moment: string): Promise<StartedApply[]>;
  /** Returns the deployments whose executions began at this time or later. */
  executionsSince(moment: string): Promise<string[]>;
  execution(deploymentId: string): Promise<ExecutionFacts>;
  stop(deploymentId: string): Promise<void>;
}

export interface ExecutionFacts {
  readonly status: 'running' | 'ended' | 'absent';
  readonly startedAt?: string;
  /** Time of the newest event in the execution's history. */
  readonly movedAt?: string;
  /** Whether a build of the execution is in progress. */
  readonly isBuilding: boolean;
}

interface Place {
  readonly application: string;
  readonly environment: string;
}

/**
 * Something that happened after the moment to which the table was set back.
 *
 * `applied`: the plan of a deployment that the table knows was applied, and the table takes it for unused.
 * `applied-unknown`: a deployment was applied that the table does not know, or another plan than the one it knows.
 * `homeless`: a deployment was applied in an environment that the table does not know.
 * `moved-on`: the execution of an open deployment has begun or continued, so execution and table do not agree any more.
 * `unknown-running`: an execution is running whose deployment the table does not know.
 * `lift`: a lift for one use that the table takes for unused, and that may have been used.
 */
export type Finding =
  | ({ readonly kind: 'applied' } & StartedApply & Place)
  | ({ readonly kind: 'applied-unknown'; readonly deploymentId: string; readonly at: string } & Place)
  | { readonly kind: 'homeless'; readonly deploymentId: string; readonly at: string }
  | ({ readonly kind: 'moved-on'; readonly deploymentId: string; readonly execution: ExecutionFacts } & Place)
  | { readonly kind: 'unknown-running'; readonly deploymentId: string; readonly execution: ExecutionFacts }
  | ({ readonly kind: 'lift'; readonly of: 'protection' | 'proof'; readonly subject: string } & Place);

/** Where the audit of an application ends in the table, and what is wrong with it, if anything is. */
export interface AuditEnd extends AuditHead {
  readonly broken?: string;
}

export interface Aftermath {
  readonly findings: readonly Finding[];
  readonly audits: readonly AuditEnd[];
}

type Reads = Pick<Store, 'get' | 'list'>;

/** Compares a table that was set back to a moment with what has happened since. Changes nothing. */
export async function findAftermath(store: Reads, evidence: Evidence, moment: string, now: string): Promise<Aftermath> {
  const environments = await environmentsIn(store);
  const applied = await appliedSince(store, evidence, environments, moment);
  const findings = [
    ...applied,
    ...(await movedOn(store, evidence, moment)),
    ...(await unknownRunning(store, evidence, moment)),
    ...(await openLifts(store, environments, moment, now)),
  ];
  return { findings, audits: await auditsIn(store) };
}

async function environmentsIn(store: Reads): Promise<Environment[]> {
  const applications = await listAll(store, LISTINGS.applications());
  const lists = await Promise.all(applications.map(({ name }) => listAll(store, LISTINGS.environments(name))));
  return lists.flat();
}

async function appliedSince(
  store: Reads,
  evidence: Evidence,
  environments: readonly Environment[],
  moment: string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const apply of await evidence.appliesSince(moment)) {
    const { deploymentId, at } = apply;
    const deployment = await store.get('deployment', { id: deploymentId });
    const place = deployment ?? placeOf(deploymentId, environments);
    if (!place) {
      findings.push({ kind: 'homeless', deploymentId, at });
      continue;
    }
    const { application, environment } = place;
    const kind = deployment && (await kindOfApply(store, deployment, apply));
    if (kind === 'known') continue;
    if (kind === 'applied') {
      findings.push({ kind, ...apply, application, environment });
      continue;
    }
    const state = await store.get('environmentState', { application, environment });
    // Afterwards the table knows the number, whatever became of the deployment.
    const isRecorded = !deployment && (state?.newestDeployment ?? 0) >= numberOf(deploymentId);
    if (!isRecorded) findings.push({ kind: 'applied-unknown', deploymentId, at, application, environment });
  }
  return findings;
}

/** Returns what the table knows about the apply of a deployment. */
async function kindOfApply(store: Reads, deployment: Deployment, { round, attempt }: StartedApply) {
  const planned = plannedOf(deployment);
  if (planned?.round !== round) return isTerminal(deployment.status) ? 'known' : 'applied-unknown';
  // The plan was given back before a later attempt began: a build that came afterwards got no credentials.
  if (attempt < attemptOf(deployment)) return 'known';
  const consumed = await store.get('consumedPlan', { digest: planned.digest });
  return consumed && attempt === attemptOf(deployment) ? 'known' : 'applied';
}

/** Returns the environment that a deployment belongs to, which its id begins with. */
function placeOf(deploymentId: string, environments: readonly Environment[]): Place | undefined {
  const name = deploymentId.replace(/-\d+-[a-z0-9]{6}$/, '');
  const found = environments.find((each) => `${each.application}-${each.name}` === name);
  return found && { application: found.application, environment: found.name };
}

/** Returns the number in the id of a deployment: `<application>-<environment>-<number>-<6 characters>`. */
export const numberOf = (deploymentId: string): number => Number(/-(\d+)-[a-z0-9]{6}$/.exec(deploymentId)?.[1]);

async function movedOn(store: Reads, evidence: Evidence, moment: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { application, environment } of await listAll(store, LISTINGS.inFlight())) {
    const state = await store.get('environmentState', { application, environment });
    for (const { deploymentId: id } of [...(state?.holder ? [state.holder] : []), ...(state?.queue ?? [])]) {
      const execution = await evidence.execution(id);
      // Read last: an execution starts after its deployment is recorded as the holder.
      const deployment = await store.get('deployment', { id });
      if (!deployment || isTerminal(deployment.status)) continue;
      // The reconciler ends a deployment whose execution has ended.
      const hasMoved = execution.status === 'running' && (execution.movedAt ?? '') > moment;
      if (hasMoved && !isOfThisTable(deployment, execution, moment))
        findings.push({ kind: 'moved-on', deploymentId: id, execution, application, environment });
    }
  }
  return findings;
}

/** Returns whether the execution was started for what this table recorded after it was set back. */
function isOfThisTable(deployment: Deployment, { startedAt = '' }: ExecutionFacts, moment: string): boolean {
  const since = 'heldSince' in deployment ? deployment.heldSince : deployment.createdAt;
  return since > moment && startedAt >= since;
}

async function unknownRunning(store: Reads, evidence: Evidence, moment: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const deploymentId of await evidence.executionsSince(moment)) {
    if (await store.get('deployment', { id: deploymentId })) continue;
    const execution = await evidence.execution(deploymentId);
    if (execution.status === 'running') findings.push({ kind: 'unknown-running', deploymentId, execution });
  }
  return findings;
}

async function openLifts(
  store: Reads,
  environments: readonly Environment[],
  moment: string,
  now: string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { application, name: environment, createdAt } of environments) {
    const place = { application, environment };
    // A lift that was given after the moment was given in the restored table.
    const isOpen = ({ lifts }: { lifts: Parameters<typeof activeLift>[0] }) =>
      (activeLift(lifts, { createdAt, now })?.at ?? now) <= moment;
    for (const record of await listAll(store, LISTINGS.protectionLifts(application, environment)))
      if (isOpen(record)) findings.push({ kind: 'lift', of: 'protection', subject: record.address, ...place });
    for (const record of await listAll(store, LISTINGS.proofLifts(application, environment)))
      if (isOpen(record)) findings.push({ kind: 'lift', of: 'proof', subject: record.subject, ...place });
  }
  return findings;
}

/** Follows the chain of each application's audit to its end. */
async function auditsIn(store: Reads): Promise<AuditEnd[]> {
  const applications = await listAll(store, LISTINGS.applications());
  return Promise.all(
    applications.map(async ({ name }) => {
      let head = emptyChain(name);
      for (const entry of await listAll(store, LISTINGS.audit(name, 'ascending'))) {
        const proof = proveNext(head, entry);
        if (!proof.proven) return { ...head, broken: proof.why };
        head = proof.head;
      }
      const stored = await store.get('auditHead', { application: name });
      const isWhole = !stored || (stored.sequence === head.sequence && stored.hash === head.hash);
      return isWhole
        ? head
        : { ...head, broken: `its head says ${stored.sequence}, its last entry is ${head.sequence}` };
    }),
  );
}
