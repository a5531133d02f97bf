import { ENDINGS, type Ending } from '../../lambdas/domain/endings.ts';
import type { FunctionName } from '../../lambdas/functions.ts';
import { ANSWER } from './expressions.ts';

export interface TaskRow {
  readonly function: FunctionName;
  readonly comment: string;
  /** The payload in addition to the deployment's id. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** The variables that are set from the answer. */
  readonly assign?: Readonly<Record<string, unknown>>;
  /** JSONata: the output. Without this, it is the deployment's id, from the variable. */
  readonly outputs?: string;
  /** JSONata: the seconds that the task waits for its token. Without this, the task ends when the function returns. */
  readonly waitSeconds?: string;
}

export interface ChoiceRow {
  readonly comment: string;
  /**
   * The variable with the function's answer that the choice is about. When no rule matches the answer, the execution
   * continues with a failure that shows it.
   */
  readonly answer?: string;
}

/** The states that call a function, in the order in which they run. They are connected in `wiring.ts`. */
export const TASKS = {
  AcquireEnvironment: {
    function: 'acquire-environment',
    comment: 'Confirms that this deployment holds its environment',
    payload: { deploymentId: '{% $states.input.deploymentId %}' },
    // No variable is assigned yet when the first state makes its output.
    outputs: '{% {"deploymentId": $states.input.deploymentId} %}',
    assign: {
      deploymentId: '{% $states.input.deploymentId %}',
      needsCertificate: '{% $states.result.Payload.needsCertificate %}',
      needsDns: '{% $states.result.Payload.needsDns %}',
      unstarted: '{% "" %}',
    },
  },
  EnsureCertificate: {
    function: 'ensure-certificate',
    comment: 'Goes one step towards an issued certificate',
    assign: { dns: ANSWER },
  },
  PreparePlan: {
    function: 'prepare-plan',
    comment: 'Composes the plan build, its ticket, and a build that inspects its plan',
    payload: { unstarted: '{% $unstarted %}' },
    assign: {
      plan: '{% $states.result.Payload.plan %}',
      inspect: '{% $states.result.Payload.inspect %}',
      inspected: false,
    },
  },
  AnalyzePlan: {
    function: 'analyze-plan',
    comment: 'Summarizes the plan, estimates cost and blast radius, finds the gates that are left',
    payload: { inspected: '{% $inspected %}' },
    assign: { analysis: ANSWER },
  },
  CheckPlan: {
    function: 'check-plan',
    comment: 'Checks that the plan matches the current state and is not too old',
    assign: { check: ANSWER },
  },
  ConsumePlan: {
    function: 'consume-plan',
    comment: 'Checks everything once more and marks the plan as used',
    payload: { canWait: true },
    assign: { consumption: ANSWER },
  },
  InspectFailedApply: {
    function: 'inspect-failed-apply',
    comment: 'Finds out whether an apply has begun, how it ended, or whether the plan was stale',
    payload: { error: '{% $failure.error %}' },
    assign: { inspection: ANSWER },
  },
  RecordOutputs: {
    function: 'record-outputs',
    comment: 'Records the outputs of the apply build',
  },
  PublishDns: {
    function: 'publish-dns',
    comment: 'Goes one step towards the DNS records that the environment should have',
    assign: { dns: ANSWER },
  },
  AnnounceSuccess: {
    function: 'announce',
    comment: 'Publishes the ending; a failure here changes nothing',
  },
  AnnounceEnding: {
    function: 'announce',
    comment: 'Publishes the ending; a failure here changes nothing',
  },
  KeepTree: {
    function: 'keep-tree',
    comment: 'Keeps what was applied with the environment; a failure here changes nothing',
  },
  ReleaseEnvironment: {
    function: 'release-environment',
    comment: 'Makes the next queued deployment the holder and starts it',
  },
} as const satisfies Record<string, TaskRow>;
export type TaskName = keyof typeof TASKS;

/** The states that choose the next state, in the order in which they run. Their rules are in `wiring.ts`. */
export const CHOICES = {
  'NeedsCertificate?': { comment: 'Does the environment have DNS, and will it be kept?' },
  'IsCertificateReady?': { comment: 'Is the certificate issued, or still pending?', answer: '$dns' },
  'WhatNext?': { comment: 'What does the plan need next?', answer: '$analysis' },
  'IsPlanCurrent?': { comment: 'Does the approved plan match the current state?', answer: '$check' },
  'IsPlanConsumed?': { comment: 'May this plan be applied now?', answer: '$consumption' },
  'WhatBecameOfApply?': { comment: 'Has a build applied the plan, is it still applying, or has none begun?' },
  'NeedsDns?': { comment: 'Does the environment have DNS, or did it have DNS before?' },
  'IsDnsPublished?': { comment: 'Are the wanted records visible everywhere?', answer: '$dns' },
  'HowDidItEnd?': { comment: 'Which ending was recorded?' },
} as const satisfies Record<string, ChoiceRow>;
export type ChoiceName = keyof typeof CHOICES;

export type Who = 'Staff' | 'Client';
const GATE_OF = { Staff: 'staff', Client: 'client' } as const;

/** Returns the three states of a gate, which request the approval, wait for it, and settle the gate. */
export const gateTasks = (who: Who) =>
  ({
    request: {
      function: 'request-approval',
      comment: `Opens the ${GATE_OF[who]} gate and mails its approvers`,
      payload: { gate: GATE_OF[who] },
      assign: { gate: ANSWER },
    },
    wait: {
      function: 'await-approval',
      comment: 'Waits for a decision while the gate is open',
      payload: { gate: GATE_OF[who], token: '{% $states.context.Task.Token %}' },
      waitSeconds: '{% $gate.timeoutSeconds %}',
    },
    settle: {
      function: 'settle-gate',
      comment: 'Reads the recorded decision, or records that the gate expired',
      payload: { gate: GATE_OF[who] },
      assign: { gate: ANSWER },
    },
  }) as const satisfies Record<string, TaskRow>;

/** The choices of each gate. */
export const GATE_CHOICES = {
  isReachable: { comment: 'Can any approver be asked?', answer: '$gate' },
  isApproved: { comment: 'How was the gate decided?', answer: '$gate' },
} as const satisfies Record<string, ChoiceRow>;

/** Returns the state that records an ending. A deployment that the reconciler has already ended keeps that ending. */
export const recordTask = (ending: Ending): TaskRow => ({
  function: 'record-ending',
  comment: ENDINGS[ending].comment,
  payload: { ending, ...(ending === 'failed' && { failure: '{% $failure %}' }) },
  assign: { ending: '{% $states.result.Payload.ending %}' },
});
