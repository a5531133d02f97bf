import * as z from 'zod';
import { AppliedSchema } from '../contract/applied.ts';
import { deploymentPath, environmentPath, executionUrl, type Home, releasePath } from '../links.ts';
import {
  type Deployment,
  EndingErrorSchema,
  isTerminal,
  type Planned,
  plannedOf,
  RequesterSchema,
  StatusSchema,
} from '../model/deployment.ts';
import { approvalsOf, type Gate, GateStatusSchema } from '../model/gate.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { OperationSchema } from '../operation.ts';
import { AnalysisHeadlineSchema } from '../plan/analysis.ts';
import { PlanSummarySchema } from '../plan/analysis-parts.ts';
import { GateNameSchema } from '../policy.ts';
import type { Store } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';

const ApprovalViewSchema = z.object({
  by: z.string(),
  via: z.enum(['link', 'api']),
  at: z.string(),
  comment: z.string().optional(),
});

/** A gate as shown: `pending` until the deployment comes to it. */
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
    /** Approvals of an earlier plan of the deployment that would have done something else; they count no more. */
    voided: z.array(ApprovalViewSchema),
  })
  .meta({ id: 'Gate' });

/** Resources by what happens to them; a replacement counts in `add` and `destroy`, and again in `replace`. */
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

/** A deployment as the API shows it; `null` where a plan has not said it yet. */
export const DeploymentViewSchema = z
  .object({
    id: z.string(),
    application: z.string(),
    environment: z.string(),
    /** Per environment: 1, 2, 3… */
    number: z.int(),
    /** Null in an ephemeral environment, which is given commits. */
    release: z.int().nullable(),
    commit: z.string(),
    operation: OperationSchema,
    status: StatusSchema,
    automatic: z.boolean(),
    changes: z.union([z.literal('none'), ChangesSchema]).nullable(),
    planDigest: z.string().nullable(),
    changeDigest: z.string().nullable(),
    /** 1 for the first plan; one more each time it was made again. */
    planRound: z.int().nullable(),
    cost: AnalysisHeadlineSchema.shape.cost.nullable(),
    blastRadius: AnalysisHeadlineSchema.shape.blastRadius.nullable(),
    safeguards: AnalysisHeadlineSchema.shape.safeguards.nullable(),
    gates: z.array(GateViewSchema),
    requestedBy: RequesterSchema,
    cancelRequestedBy: RequesterSchema.optional(),
    createdAt: z.string(),
    /** Since when it has the environment; absent while queued. */
    heldSince: z.string().optional(),
    endedAt: z.string().optional(),
    /** Whether anything was changed when it failed. */
    applied: AppliedSchema.optional(),
    error: EndingErrorSchema.optional(),
    links: z.object({
      self: z.string(),
      environment: z.string(),
      release: z.string().optional(),
      plan: z.string().optional(),
      events: z.string(),
      execution: z.string().optional(),
    }),
  })
  .meta({ id: 'Deployment' });
export type DeploymentView = z.input<typeof DeploymentViewSchema>;

/** A deployment with its gates, as the API shows it. */
export async function viewDeployment(
  store: Pick<Store, 'list'>,
  deployment: Deployment,
  home: Home | undefined,
): Promise<DeploymentView> {
  const hasGates = (plannedOf(deployment)?.gates ?? []).length > 0;
  const gates = hasGates ? await listAll(store, LISTINGS.gates(deployment.id)) : [];
  return showDeployment(deployment, gates, home);
}

function showDeployment(deployment: Deployment, gates: readonly Gate[], home: Home | undefined): DeploymentView {
  const { id, application, environment, number, release, commit, operation, status } = deployment;
  const { automatic, requestedBy, cancelRequestedBy, createdAt } = deployment;
  const planned = plannedOf(deployment);
  return {
    id,
    application,
    environment,
    number,
    commit,
    operation,
    status,
    automatic,
    release: release ?? null,
    ...headlineOf(planned),
    planDigest: planned?.digest ?? null,
    changeDigest: planned?.changeDigest ?? null,
    planRound: planned?.round ?? null,
    gates: showGates(deployment, gates),
    requestedBy,
    ...(cancelRequestedBy && { cancelRequestedBy }),
    createdAt,
    ...('heldSince' in deployment && { heldSince: deployment.heldSince }),
    ...('endedAt' in deployment && { endedAt: deployment.endedAt }),
    ...('applied' in deployment && { applied: deployment.applied }),
    ...('error' in deployment && { error: deployment.error }),
    links: {
      self: deploymentPath(deployment),
      environment: environmentPath(application, environment),
      ...(release !== undefined && { release: releasePath(application, release) }),
      ...(planned && { plan: `${deploymentPath(deployment)}/plan` }),
      events: `${deploymentPath(deployment)}/events`,
      ...(home && status !== 'queued' && { execution: executionUrl(home, id) }),
    },
  };
}

/** Gates in the order they are passed: the opened ones as they are, and those still to come while it is open. */
function showGates(deployment: Deployment, gates: readonly Gate[]): DeploymentView['gates'] {
  const planned = plannedOf(deployment);
  const isUnderWay = planned?.hasChanges && !isTerminal(deployment.status);
  return (planned?.gates ?? []).flatMap(({ gate: name, required }) => {
    const gate = gates.find((each) => each.gate === name);
    if (gate) return [showGate(gate)];
    return isUnderWay
      ? [{ gate: name, required, status: 'pending' as const, approvals: [], rejections: [], voided: [] }]
      : [];
  });
}

function showGate(gate: Gate): DeploymentView['gates'][number] {
  const { gate: name, required, status, openedAt, expiresAt, closedAt, decisions } = gate;
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

/** What lists show of a plan. */
function headlineOf(
  planned: Planned | undefined,
): Pick<DeploymentView, 'changes' | 'cost' | 'blastRadius' | 'safeguards'> {
  if (!planned) return { changes: null, cost: null, blastRadius: null, safeguards: null };
  const { summary, cost, blastRadius, safeguards } = planned.headline;
  return { changes: planned.hasChanges ? summary : 'none', cost, blastRadius, safeguards };
}
