import * as z from 'zod';
import { awaitApproval } from '../../lambdas/domain/approval/await-approval.ts';
import { ApprovalRequestSchema, requestApproval } from '../../lambdas/domain/approval/request-approval.ts';
import { SettledGateSchema, settleGate } from '../../lambdas/domain/approval/settle-gate.ts';
import { keepTree } from '../../lambdas/domain/build/keep-tree.ts';
import { PreparedPlanSchema, preparePlan } from '../../lambdas/domain/build/prepare-plan.ts';
import type { Applies } from '../../lambdas/domain/contract/applies.ts';
import { AcquisitionSchema, acquireEnvironment } from '../../lambdas/domain/deployment/acquire-environment.ts';
import { analyzeDeploymentPlan } from '../../lambdas/domain/deployment/analyze-deployment-plan.ts';
import { announceEnding } from '../../lambdas/domain/deployment/announce-ending.ts';
import { checkPlan, PlanCheckSchema } from '../../lambdas/domain/deployment/check-plan.ts';
import { ConsumptionSchema, consumePlan } from '../../lambdas/domain/deployment/consume-plan.ts';
import { ApplyInspectionSchema, inspectFailedApply } from '../../lambdas/domain/deployment/inspect-failed-apply.ts';
import { RecordedEndingSchema, recordEnding } from '../../lambdas/domain/deployment/record-ending.ts';
import { recordOutputs } from '../../lambdas/domain/deployment/record-outputs.ts';
import { releaseEnvironment } from '../../lambdas/domain/deployment/release-environment.ts';
import { PlanVerdictSchema } from '../../lambdas/domain/deployment/settle-plan.ts';
import type { DnsServices } from '../../lambdas/domain/dns/dns-subject.ts';
import { CertificateAnswerSchema, ensureCertificate } from '../../lambdas/domain/dns/ensure-certificate.ts';
import { PublicationAnswerSchema, publishDns } from '../../lambdas/domain/dns/publish-dns.ts';
import type {
  ApproverMail,
  ArtifactStore,
  Builds,
  EventBus,
  LinkSigner,
  StateReader,
  Store,
  Surroundings,
  Workflow,
} from '../../lambdas/domain/ports.ts';
import type { FunctionName } from '../../lambdas/functions.ts';
import { EndingPayload } from '../../lambdas/workflow/ending-payload.ts';
import {
  AnalysisPayload,
  ConsumptionPayload,
  DeploymentPayload,
  FailedApplyPayload,
  GatePayload,
  NoResult,
  PlanPayload,
  WaitPayload,
} from '../../lambdas/workflow/payload.ts';

/** The services that the functions of the workflow use. */
export interface WorkflowServices extends Pick<DnsServices, 'zones' | 'certificates' | 'publicDns' | 'patience'> {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly mail: ApproverMail;
  readonly links: LinkSigner;
  readonly events: EventBus;
  readonly states: StateReader;
  readonly surroundings: Surroundings;
  readonly workflow: Workflow;
  readonly builds: Builds;
  readonly publicUrl: string;
  readonly priceSheetKey: string;
  readonly applies: Applies;
}

interface TaskFunction {
  readonly payload: z.ZodType;
  readonly answer: z.ZodType;
  readonly perform: (services: WorkflowServices, payload: unknown) => Promise<unknown>;
}

/**
 * Makes a function like its handler: it parses the payload, calls one operation of the domain, and answers with what
 * the schema of its output leaves.
 */
const task = <Payload extends z.ZodType, Output extends z.ZodType>(
  input: Payload,
  output: Output,
  perform: (services: WorkflowServices, payload: z.output<Payload>) => Promise<unknown>,
): TaskFunction => ({
  payload: input,
  answer: output,
  perform: async (services, payload) => output.parse((await perform(services, input.parse(payload))) ?? {}),
});

const OPERATIONS = {
  'acquire-environment': task(DeploymentPayload, AcquisitionSchema, (services, { deploymentId }) =>
    acquireEnvironment(services, deploymentId),
  ),
  'ensure-certificate': task(DeploymentPayload, CertificateAnswerSchema, (services, { deploymentId }) =>
    ensureCertificate(services, deploymentId),
  ),
  'prepare-plan': task(PlanPayload, PreparedPlanSchema, (services, { deploymentId, unstarted }) =>
    preparePlan(services, deploymentId, unstarted),
  ),
  'analyze-plan': task(AnalysisPayload, PlanVerdictSchema, (services, { deploymentId, inspected }) =>
    analyzeDeploymentPlan(services, deploymentId, { isInspected: inspected }),
  ),
  'request-approval': task(GatePayload, ApprovalRequestSchema, (services, { deploymentId, gate }) =>
    requestApproval(services, deploymentId, gate),
  ),
  'await-approval': task(WaitPayload, NoResult, (services, { deploymentId, gate, token }) =>
    awaitApproval(services, deploymentId, gate, token),
  ),
  'settle-gate': task(GatePayload, SettledGateSchema, (services, { deploymentId, gate }) =>
    settleGate(services, deploymentId, gate),
  ),
  'check-plan': task(DeploymentPayload, PlanCheckSchema, (services, { deploymentId }) =>
    checkPlan(services, deploymentId),
  ),
  'consume-plan': task(ConsumptionPayload, ConsumptionSchema, (services, { deploymentId, canWait }) =>
    consumePlan(services, deploymentId, { canWait }),
  ),
  'inspect-failed-apply': task(FailedApplyPayload, ApplyInspectionSchema, (services, { deploymentId, error }) =>
    inspectFailedApply(services, deploymentId, error),
  ),
  'record-outputs': task(DeploymentPayload, NoResult, (services, { deploymentId }) =>
    recordOutputs(services, deploymentId),
  ),
  'publish-dns': task(DeploymentPayload, PublicationAnswerSchema, (services, { deploymentId }) =>
    publishDns(services, deploymentId),
  ),
  'record-ending': task(EndingPayload, RecordedEndingSchema, async (services, { deploymentId, ending, failure }) => ({
    ending: await recordEnding(services, deploymentId, ending, failure),
  })),
  announce: task(DeploymentPayload, NoResult, async (services, { deploymentId }) => {
    await announceEnding(services, deploymentId);
  }),
  'keep-tree': task(DeploymentPayload, NoResult, (services, { deploymentId }) => keepTree(services, deploymentId)),
  'release-environment': task(DeploymentPayload, NoResult, (services, { deploymentId }) =>
    releaseEnvironment(services, deploymentId),
  ),
} satisfies Partial<Record<FunctionName, TaskFunction>>;

const FUNCTIONS = new Map<string, TaskFunction>(
  Object.entries(OPERATIONS).map(([name, operation]) => [`stagegate-${name}`, operation]),
);

const CallSchema = z.object({ FunctionName: z.string(), Payload: z.unknown() });

/** Returns the function that a task of the workflow calls, ready to be run. */
export function functionCalled(services: WorkflowServices, call: unknown): () => Promise<unknown> {
  const { FunctionName, Payload } = CallSchema.parse(call);
  const called = FUNCTIONS.get(FunctionName);
  if (!called) throw new Error(`the workflow calls ${FunctionName}, which no operation of the domain stands for`);
  return async () => called.perform(services, Payload);
}

/** Returns the schemas of the payload and the answer of a function that the workflow calls. */
export const schemasOf = (functionName: string): Pick<TaskFunction, 'payload' | 'answer'> | undefined =>
  FUNCTIONS.get(functionName);
