import * as z from 'zod';
import { awaitApproval } from '../../lambdas/domain/approval/await-approval.ts';
import { requestApproval } from '../../lambdas/domain/approval/request-approval.ts';
import { settleGate } from '../../lambdas/domain/approval/settle-gate.ts';
import { preparePlan } from '../../lambdas/domain/build/prepare-plan.ts';
import { acquireEnvironment } from '../../lambdas/domain/deployment/acquire-environment.ts';
import { analyzeDeploymentPlan } from '../../lambdas/domain/deployment/analyze-deployment-plan.ts';
import { announceEnding } from '../../lambdas/domain/deployment/announce-ending.ts';
import { CaughtSchema } from '../../lambdas/domain/deployment/caught.ts';
import { checkPlan } from '../../lambdas/domain/deployment/check-plan.ts';
import { consumePlan } from '../../lambdas/domain/deployment/consume-plan.ts';
import { inspectFailedApply } from '../../lambdas/domain/deployment/inspect-failed-apply.ts';
import { EndingSchema, recordEnding } from '../../lambdas/domain/deployment/record-ending.ts';
import { recordOutputs } from '../../lambdas/domain/deployment/record-outputs.ts';
import { releaseEnvironment } from '../../lambdas/domain/deployment/release-environment.ts';
import type { DnsServices } from '../../lambdas/domain/dns/dns-subject.ts';
import { ensureCertificate } from '../../lambdas/domain/dns/ensure-certificate.ts';
import { publishDns } from '../../lambdas/domain/dns/publish-dns.ts';
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
import { AnalysisPayload, DeploymentPayload, GatePayload } from '../../lambdas/workflow/payload.ts';

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
}

type TaskFunction = (services: WorkflowServices, payload: unknown) => Promise<unknown>;

/** Makes a function like its handler: it parses the payload with the schema and calls one operation of the domain. */
const task =
  <Payload extends z.ZodType>(
    schema: Payload,
    perform: (services: WorkflowServices, payload: z.output<Payload>) => Promise<unknown>,
  ): TaskFunction =>
  (services, payload) =>
    perform(services, schema.parse(payload));

const WaitPayload = GatePayload.extend({ token: z.string() });
const EndingPayload = DeploymentPayload.extend({ ending: EndingSchema, failure: CaughtSchema.optional() });

const OPERATIONS = {
  'acquire-environment': task(DeploymentPayload, (services, { deploymentId }) =>
    acquireEnvironment(services, deploymentId),
  ),
  'ensure-certificate': task(DeploymentPayload, (services, { deploymentId }) =>
    ensureCertificate(services, deploymentId),
  ),
  'prepare-plan': task(DeploymentPayload, (services, { deploymentId }) => preparePlan(services, deploymentId)),
  'analyze-plan': task(AnalysisPayload, (services, { deploymentId, inspected }) =>
    analyzeDeploymentPlan(services, deploymentId, { isInspected: inspected }),
  ),
  'request-approval': task(GatePayload, (services, { deploymentId, gate }) =>
    requestApproval(services, deploymentId, gate),
  ),
  'await-approval': task(WaitPayload, (services, { deploymentId, gate, token }) =>
    awaitApproval(services, deploymentId, gate, token),
  ),
  'settle-gate': task(GatePayload, (services, { deploymentId, gate }) => settleGate(services, deploymentId, gate)),
  'check-plan': task(DeploymentPayload, (services, { deploymentId }) => checkPlan(services, deploymentId)),
  'consume-plan': task(DeploymentPayload, (services, { deploymentId }) => consumePlan(services, deploymentId)),
  'inspect-failed-apply': task(DeploymentPayload, (services, { deploymentId }) =>
    inspectFailedApply(services, deploymentId),
  ),
  'record-outputs': task(DeploymentPayload, (services, { deploymentId }) => recordOutputs(services, deploymentId)),
  'publish-dns': task(DeploymentPayload, (services, { deploymentId }) => publishDns(services, deploymentId)),
  'record-ending': task(EndingPayload, async (services, { deploymentId, ending, failure }) => ({
    ending: await recordEnding(services, deploymentId, ending, failure),
  })),
  announce: task(DeploymentPayload, (services, { deploymentId }) => announceEnding(services, deploymentId)),
  'release-environment': task(DeploymentPayload, (services, { deploymentId }) =>
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
  return async () => called(services, Payload);
}
