import { ENDINGS, type Ending } from '../../lambdas/domain/endings.ts';
import type { FunctionName } from '../../lambdas/functions.ts';
import { ANSWER } from './expressions.ts';
import type { RETRIES } from './retries.ts';

export interface TaskRow {
  readonly function: FunctionName;
  readonly comment: string;
  readonly retries: keyof typeof RETRIES;
  /** The payload in addition to the deployment's id. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** The variables that are set from the answer. */
  readonly assign?: Readonly<Record<string, unknown>>;
  /** JSONata: the seconds that the task waits for its token. Without this, the task ends when the function returns. */
  readonly waitSeconds?: string;
}

/** The states that call a function, in the order in which they run. They are connected in `wiring.ts`. */
export const TASKS = {
  AcquireEnvironment: {
    function: 'acquire-environment',
    comment: 'Confirms that this deployment holds its environment',
    retries: 'services',
    payload: { deploymentId: '{% $states.input.deploymentId %}' },
    assign: {
      deploymentId: '{% $states.input.deploymentId %}',
      needsCertificate: '{% $states.result.Payload.needsCertificate %}',
      needsDns: '{% $states.result.Payload.needsDns %}',
    },
  },
  EnsureCertificate: {
    function: 'ensure-certificate',
    comment: 'Goes one step towards an issued certificate',
    retries: 'services',
    assign: { dns: ANSWER },
  },
  PreparePlan: {
    function: 'prepare-plan',
    comment: 'Composes the plan build, its ticket, and a build that inspects its plan',
    retries: 'services',
    assign: {
      plan: '{% $states.result.Payload.plan %}',
      inspect: '{% $states.result.Payload.inspect %}',
      inspected: false,
    },
  },
  AnalyzePlan: {
    function: 'analyze-plan',
    comment: 'Summarizes the plan, estimates cost and blast radius, finds the gates that are left',
    retries: 'services',
    payload: { inspected: '{% $inspected %}' },
    assign: { analysis: ANSWER },
  },
  CheckPlan: {
    function: 'check-plan',
    comment: 'Checks that the plan matches the current state and is not too old',
    retries: 'services',
    assign: { check: ANSWER },
  },
  ConsumePlan: {
    function: 'consume-plan',
    comment: 'Checks everything once more and marks the plan as used',
    retries: 'services',
    assign: { consumption: ANSWER },
  },
  InspectFailedApply: {
    function: 'inspect-failed-apply',
    comment: 'Finds out whether Terraform refused the plan as stale before it changed anything',
    retries: 'services',
    assign: { inspection: ANSWER },
  },
  RecordOutputs: {
    function: 'record-outputs',
    comment: 'Records the outputs of the apply build',
    retries: 'services',
  },
  PublishDns: {
    function: 'publish-dns',
    comment: 'Goes one step towards the DNS records that the environment should have',
    retries: 'services',
    assign: { dns: ANSWER },
  },
  AnnounceSuccess: {
    function: 'announce',
    comment: 'Publishes the ending; a failure here changes nothing',
    retries: 'services',
  },
  AnnounceEnding: {
    function: 'announce',
    comment: 'Publishes the ending; a failure here changes nothing',
    retries: 'services',
  },
  ReleaseEnvironment: {
    function: 'release-environment',
    comment: 'Makes the next queued deployment the holder and starts it',
    retries: 'persistently',
  },
} as const satisfies Record<string, TaskRow>;
export type TaskName = keyof typeof TASKS;

export type Who = 'Staff' | 'Client';
const GATE_OF = { Staff: 'staff', Client: 'client' } as const;

/** Returns the three states of a gate, which request the approval, wait for it, and settle the gate. */
export const gateTasks = (who: Who) =>
  ({
    request: {
      function: 'request-approval',
      comment: `Opens the ${GATE_OF[who]} gate and mails its approvers`,
      retries: 'services',
      payload: { gate: GATE_OF[who] },
      assign: { gate: ANSWER },
    },
    wait: {
      function: 'await-approval',
      comment: 'Waits for a decision while the gate is open',
      retries: 'services',
      payload: { gate: GATE_OF[who], token: '{% $states.context.Task.Token %}' },
      waitSeconds: '{% $gate.timeoutSeconds %}',
    },
    settle: {
      function: 'settle-gate',
      comment: 'Reads the recorded decision, or records that the gate expired',
      retries: 'services',
      payload: { gate: GATE_OF[who] },
      assign: { gate: ANSWER },
    },
  }) as const satisfies Record<string, TaskRow>;

/** Returns the state that records an ending. A deployment that the reconciler has already ended keeps that ending. */
export const recordTask = (ending: Ending): TaskRow => ({
  function: 'record-ending',
  comment: ENDINGS[ending].comment,
  retries: 'persistently',
  payload: { ending, ...(ending === 'failed' && { failure: '{% $failure %}' }) },
  assign: { ending: '{% $states.result.Payload.ending %}' },
});
