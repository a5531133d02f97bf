import * as z from 'zod';
import { AppliedSchema } from '../contract/applied.ts';
import { EndingErrorSchema } from '../endings.ts';
import { buildLogsUrl, deploymentPath, environmentPath, executionUrl, type Home, releasePath } from '../links.ts';
import {
  AdoptSchema,
  type Deployment,
  isTerminal,
  MadeBySchema,
  type Planned,
  plannedOf,
  RequesterSchema,
  StatusSchema,
} from '../model/deployment.ts';
import { approvalsOf, type Gate, GateStatusSchema } from '../model/gate.ts';
import { gatesInForce, isPastGates } from '../model/gates-in-force.ts';
import { hasPassedThrough } from '../model/passed-through.ts';
import { SubjectSchema } from '../model/proof/subject.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { OperationSchema } from '../operation.ts';
import { AnalysisHeadlineSchema } from '../plan/analysis.ts';
import { PlanSummarySchema } from '../plan/analysis-parts.ts';
import { ProofHeadlineSchema } from '../plan/proof-findings.ts';
import { RehearsalSchema } from '../plan/rehearsal/rehearsal-schema.ts';
import { type GateDemand, GateNameSchema } from '../policy.ts';
import type { Store } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';

const ApprovalViewSchema = z.object({
  by: z.string(),
  via: z.enum(['link', 'api']),
  at: z.string(),
  comment: z.string().optional(),
});

/** A gate as the API shows it: `pending` until the deployment reaches it. */
const GateViewSchema = z
  .object({
    gate: GateNameSchema,
    required: z.int(),
    status: z.enum([...GateStatusSchema.options, 'pending']),
    openedAt: z.string().optional(),
    expiresAt: z.string().optional(),
    closedAt: z.string().optional(),
    approvals: z.array(ApprovalViewSchema),
    rejections: z.array(ApprovalViewSchema),
    /** Approvals of an earlier plan that would have done something else; they no longer count. */
    voided: z.array(ApprovalViewSchema),
  })
  .meta({ id: 'Gate' });

/** Counts of resources by what happens to them; a replacement counts in `add` and `destroy`, and again in `replace`. */
const ChangesSchema = PlanSummarySchema.pick({
  add: true,
  change: true,
  destroy: true,
  replace: true,
  import: true,
  move: true,
  forget: true,
  outputs: true,
});

/** A deployment as the API shows it; a field is `null` while it is not known from a plan. */
export const DeploymentViewSchema = z
  .object({
    id: z.string(),
    application: z.string(),
    environment: z.string(),
    /** Number of the deployment in its environment: 1, 2, 3… */
    number: z.int(),
    /** Null in an ephemeral environment, to which commits are deployed. */
    release: z.int().nullable(),
    commit: z.string(),
    operation: OperationSchema,
    /** Whether it was asked to begin with an empty state, whatever files of the repository say of one elsewhere. */
    adopt: AdoptSchema.nullable(),
    /** The deployment whose kept tree it runs from; null if it runs from the commit in its repository. */
    treeOf: z.string().nullable(),
    status: StatusSchema,
    automatic: z.boolean(),
    changes: z.union([z.literal('none'), ChangesSchema]).nullable(),
    /** Whether it succeeded because there was nothing to change: nothing was applied. */
    passedThrough: z.boolean(),
    planDigest: z.string().nullable(),
    changeDigest: z.string().nullable(),
    /** 1 for the first plan; one more each time the plan was made again. */
    planRound: z.int().nullable(),
    /** The engine that made the plan; null before there is a plan, and for plans of older versions of Stagegate. */
    engine: MadeBySchema.nullable(),
    cost: AnalysisHeadlineSchema.shape.cost.nullable(),
    blastRadius: AnalysisHeadlineSchema.shape.blastRadius.nullable(),
    safeguards: AnalysisHeadlineSchema.shape.safeguards.nullable(),
    /** Which changes the environment before had made when the plan was made; null where there is nothing to compare. */
    rehearsal: RehearsalSchema.nullable(),
    /** What of the plan has run in the environment before, and what its apply needs lifted; null if it is not judged. */
    proof: ProofHeadlineSchema.extend({ lifts: z.array(SubjectSchema) }).nullable(),
    gates: z.array(GateViewSchema),
    requestedBy: RequesterSchema,
    cancelRequestedBy: RequesterSchema.optional(),
    createdAt: z.string(),
    /** Time since which the deployment holds the environment; absent while it is queued. */
    heldSince: z.string().optional(),
    /** Time since which the plan waits to be applied, because all applies are banned; absent where none waits. */
    appliesBannedSince: z.string().optional(),
    endedAt: z.string().optional(),
    /** Whether a failed deployment has changed anything. */
    applied: AppliedSchema.optional(),
    error: EndingErrorSchema.optional(),
    links: z.object({
      self: z.string(),
      environment: z.string(),
      release: z.string().optional(),
      plan: z.string().optional(),
      events: z.string(),
      execution: z.string().optional(),
      /** Where the logs of builds are; in AWS the log groups of all builds. */
      logs: z.string().optional(),
    }),
  })
  .meta({ id: 'Deployment' });
export type DeploymentView = z.input<typeof DeploymentViewSchema>;

/** Shows a deployment with its gates, and the approvers that they need now. */
export async function viewDeployment(
  store: Pick<Store, 'get' | 'list'>,
  deployment: Deployment,
  home: Home | undefined,
): Promise<DeploymentView> {
  const planned = plannedOf(deployment);
  if (!planned) return showDeployment(deployment, [], home);
  const { id, application: app, environment: name } = deployment;
  const [gates, application, environment] = await Promise.all([
    planned.gates.length > 0 ? listAll(store, LISTINGS.gates(id)) : [],
    isPastGates(deployment) ? undefined : store.get('application', { name: app }),
    isPastGates(deployment) ? undefined : store.get('environment', { application: app, name }),
  ]);
  const demands = gatesInForce(deployment, { application, environment }, gates);
  return showDeployment(deployment, showGates(deployment, demands, gates), home);
}

function showDeployment(
  deployment: Deployment,
  gates: DeploymentView['gates'],
  home: Home | undefined,
): DeploymentView {
  const { id, application, environment, number, release, commit, operation, adopt, treeOf, status } = deployment;
  const { automatic, requestedBy, cancelRequestedBy, createdAt } = deployment;
  const planned = plannedOf(deployment);
  return {
    id,
    application,
    environment,
    number,
    commit,
    operation,
    adopt: adopt ?? null,
    treeOf: treeOf ?? null,
    status,
    automatic,
    release: release ?? null,
    ...headlineOf(planned),
    passedThrough: hasPassedThrough(deployment),
    planDigest: planned?.digest ?? null,
    changeDigest: planned?.changeDigest ?? null,
    planRound: planned?.round ?? null,
    engine: planned?.engine ?? null,
    rehearsal: planned?.rehearsal ?? null,
    gates,
    requestedBy,
    ...(cancelRequestedBy && { cancelRequestedBy }),
    createdAt,
    ...('heldSince' in deployment && { heldSince: deployment.heldSince }),
    ...('appliesBannedSince' in deployment && { appliesBannedSince: deployment.appliesBannedSince }),
    ...('endedAt' in deployment && { endedAt: deployment.endedAt }),
    ...('applied' in deployment && { applied: deployment.applied }),
    ...('error' in deployment && { error: deployment.error }),
    links: {
      self: deploymentPath(deployment),
      environment: environmentPath(application, environment),
      ...(release !== undefined && { release: releasePath(application, release) }),
      ...(planned && { plan: `${deploymentPath(deployment)}/plan` }),
      events: `${deploymentPath(deployment)}/events`,
      ...(home && status !== 'queued' && { execution: executionUrl(home, id), logs: buildLogsUrl(home, id) }),
    },
  };
}

/** Shows gates in the order in which they are passed: opened gates, and gates to come while the deployment is open. */
function showGates(
  deployment: Deployment,
  demands: readonly GateDemand[],
  gates: readonly Gate[],
): DeploymentView['gates'] {
  const isUnderWay = plannedOf(deployment)?.hasChanges && !isTerminal(deployment.status);
  return demands.flatMap(({ gate: name, required }) => {
    const gate = gates.find((each) => each.gate === name);
    if (gate) return [showGate(gate, required)];
    return isUnderWay
      ? [{ gate: name, required, status: 'pending' as const, approvals: [], rejections: [], voided: [] }]
      : [];
  });
}

function showGate(gate: Gate, required: number): DeploymentView['gates'][number] {
  const { gate: name, status, openedAt, expiresAt, closedAt, decisions } = gate;
  return {
    gate: name,
    required,
    status,
    openedAt,
    expiresAt,
    ...(closedAt && { closedAt }),
    approvals: approvalsOf(gate),
    rejections: decisions.filter(({ decision }) => decision === 'reject'),
    voided: gate.voided,
  };
}

/** Returns the part of a plan that lists show. */
function headlineOf(
  planned: Planned | undefined,
): Pick<DeploymentView, 'changes' | 'cost' | 'blastRadius' | 'safeguards' | 'proof'> {
  if (!planned) return { changes: null, cost: null, blastRadius: null, safeguards: null, proof: null };
  const { summary, cost, blastRadius, safeguards, proof } = planned.headline;
  return {
    changes: planned.hasChanges ? summary : 'none',
    cost,
    blastRadius,
    safeguards,
    proof: proof ? { ...proof, lifts: planned.proof?.lifts ?? [] } : null,
  };
}
