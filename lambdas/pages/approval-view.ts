import { STANDING_IN_WORDS, type SuccessBefore } from '../domain/approval/success-before.ts';
import { ENDINGS, isEnding } from '../domain/endings.ts';
import { Refused } from '../domain/errors.ts';
import { type Deployment, describeContent, isTerminal, plannedOf } from '../domain/model/deployment.ts';
import { approvalsOf, type Decision, decide } from '../domain/model/gate.ts';
import { gatesInForce } from '../domain/model/gates-in-force.ts';
import { isReplaced } from '../domain/model/link-state.ts';
import type { Release } from '../domain/model/release.ts';
import { statedOtherwise, wordsFrom } from '../domain/model/release-words.ts';
import type { Analysis } from '../domain/plan/analysis.ts';
import { comparePlans, type PlanDifference } from '../domain/plan/compare-plans.ts';
import type { ParityView } from '../domain/plan/parity.ts';
import type { Rehearsal } from '../domain/plan/rehearsal/rehearsal-schema.ts';
import { counted } from '../domain/plan/wording.ts';
import type { Stage } from '../domain/policy.ts';
import type { ApprovalRecords } from './load-approval.ts';
import type { CommitInWords, Fact } from './parts/facts-section.ts';
import { GATE_TONES, type GateInWords } from './parts/gates-section.ts';
import { capitalized, day, nameOf, operationInWords, statusInBrief, statusInWords, timeLeft } from './parts/words.ts';

/** What a link means at the moment for the person who opened it. */
export type ApprovalState =
  /** The person may decide. `approveRefusal` is the reason why only a rejection would count. */
  | { readonly kind: 'open'; readonly approveRefusal?: string }
  /** The person has approved, and other approvals are missing. */
  | { readonly kind: 'waiting'; readonly own: Decision; readonly missing: number }
  | { readonly kind: 'approved'; readonly approvals: readonly Decision[]; readonly own?: Decision }
  | { readonly kind: 'rejected'; readonly rejection: Decision; readonly own?: Decision }
  | { readonly kind: 'expired'; readonly at: string }
  | { readonly kind: 'canceled'; readonly by?: string }
  | { readonly kind: 'superseded'; readonly by?: string }
  /** The deployment ended for another reason while the gate was open. */
  | { readonly kind: 'void'; readonly why: string }
  /** The gate is now about another plan than this link. */
  | { readonly kind: 'changed' }
  /** A newer mail has a new link for the person. */
  | { readonly kind: 'replaced' }
  /** The person is no longer an approver of this gate. */
  | { readonly kind: 'removed' };

/** The contents of the page, without its layout. */
export interface ApprovalView {
  readonly state: ApprovalState;
  readonly title: string;
  /** The client and the name of the application. */
  readonly corner: string;
  readonly stage: Stage;
  readonly facts: readonly Fact[];
  /** The person who is asked, and the gate to decide. */
  readonly you: { readonly email: string; readonly gate: string };
  readonly requestedBy: string;
  readonly request: string;
  readonly expiresAt: string;
  /** Undefined when the time is over. */
  readonly timeLeft: string | undefined;
  /** The name that has to be typed to approve a production deployment. */
  readonly nameToType?: string;
  readonly commit: CommitInWords;
  readonly plan: { readonly digest: string; readonly round: number; readonly plannedAt?: string };
  readonly analysis: Analysis | undefined;
  /** How the plan differs from the one that was shown before, if there was one. */
  readonly difference: PlanDifference | undefined;
  /** How production will differ from staging, where the release was tried out. */
  readonly parity: ParityView | undefined;
  /** Which changes were made before in the environment before. Undefined where there is nothing to compare. */
  readonly rehearsal: Rehearsal | undefined;
  readonly gates: readonly GateInWords[];
  readonly progress: string;
  /** The status of the deployment, in a word or two. */
  readonly status: string;
}

/** Returns the contents of the page behind a link, for its person and the given time. */
export function viewApproval(records: ApprovalRecords, now: string): ApprovalView {
  const { link, deployment, gate, application, environment, release, before } = records;
  const planned = plannedOf(deployment);
  const state = stateOf(records, now);
  const { requestedBy, operation, commit } = deployment;
  const request = operationInWords(operation, describeContent(deployment), environment.name);
  return {
    state,
    title: capitalized(request),
    corner: `${application.client} · ${application.name}`,
    stage: environment.stage,
    facts: [
      { label: 'Application', value: application.name, detail: `of ${application.client}` },
      { label: 'Environment', value: environment.name, detail: environment.stage },
      { label: 'AWS account', value: environment.accountId, detail: environment.region },
      ...(release
        ? [{ label: 'Release', value: String(release.number), detail: `created ${day(release.createdAt)}` }]
        : []),
      ...(before ? [factBefore(before)] : []),
    ],
    you: { email: link.email, gate: link.gate },
    requestedBy: nameOf(requestedBy),
    request,
    expiresAt: gate.expiresAt,
    timeLeft: timeLeft(now, gate.expiresAt),
    ...(environment.stage === 'production' && { nameToType: environment.name }),
    commit: {
      id: commit,
      message: release?.message ?? '',
      author: release?.author ?? '',
      isTold: isTold(release),
      stated: release && statedOtherwise(release),
    },
    plan: { digest: gate.digest, round: gate.round, plannedAt: planned?.plannedAt },
    analysis: HIDES_PLAN.has(state.kind) ? undefined : records.analysis,
    parity: HIDES_PLAN.has(state.kind) ? undefined : records.parity,
    rehearsal: HIDES_PLAN.has(state.kind) ? undefined : planned?.rehearsal,
    difference: differenceIn(records, state),
    gates: gatesInWords(records),
    progress: statusInWords(deployment),
    status: isEnding(state.kind) ? ENDINGS[state.kind].word : statusInBrief(deployment),
  };
}

function factBefore({ environment, standing, at }: SuccessBefore): Fact {
  const [brief, meaning] = STANDING_IN_WORDS[standing];
  const on = `on ${day(at)}`;
  return {
    label: `In ${environment}`,
    value: capitalized(brief),
    detail: meaning === undefined ? on : `${on}: ${meaning}`,
  };
}

/** Returns whether a request gave message or author. Empty texts are not marked. */
const isTold = (release: Release | undefined): boolean =>
  release !== undefined && wordsFrom(release) === 'request' && (release.message !== '' || release.author !== '');

/** States that hide the plan: the link is about an earlier plan or was replaced, or its person is no longer asked. */
const HIDES_PLAN = new Set<ApprovalState['kind']>(['changed', 'replaced', 'removed']);

function stateOf(records: ApprovalRecords, now: string): ApprovalState {
  const { link, linkState, deployment, gate, gates, approver, environment, analysis, supersededBy } = records;
  if (!approver?.gates.includes(gate.gate)) return { kind: 'removed' };
  if (isReplaced(linkState, link.sequence)) return { kind: 'replaced' };
  if (isChanged(records)) return { kind: 'changed' };
  const own = gate.decisions.find(({ by }) => by === approver.email);
  const rejection = gate.decisions.find(({ decision }) => decision === 'reject');
  switch (gate.status) {
    case 'approved':
      return { kind: 'approved', approvals: approvalsOf(gate), ...(own && { own }) };
    case 'rejected':
      return rejection
        ? { kind: 'rejected', rejection, ...(own && { own }) }
        : { kind: 'void', why: 'It was rejected.' };
    case 'expired':
      return { kind: 'expired', at: gate.expiresAt };
    case 'canceled':
      return {
        kind: 'canceled',
        by: deployment.cancelRequestedBy && nameOf(deployment.cancelRequestedBy),
      };
    case 'superseded':
      return { kind: 'superseded', by: supersededBy && releaseInWords(supersededBy) };
    case 'void':
      return { kind: 'void', why: statusInWords(deployment) };
    case 'open':
      if (now >= gate.expiresAt) return { kind: 'expired', at: gate.expiresAt };
      if (isTerminal(deployment.status)) return { kind: 'void', why: statusInWords(deployment) };
      if (own) return { kind: 'waiting', own, missing: gate.required - approvalsOf(gate).length };
  }
  const ballot = { decision: 'approve', approver, via: 'link', digest: link.digest } as const;
  const otherGates = gates.filter((other) => other.gate !== gate.gate);
  if (!analysis) return { kind: 'open', approveRefusal: 'the details of the plan are gone, so nobody can judge it' };
  const decided = decide(gate, ballot, { now, stage: environment.stage, deployment, otherGates });
  return { kind: 'open', ...(decided instanceof Refused && { approveRefusal: decided.message }) };
}

/**
 * Returns whether the link is about an earlier plan. It returns false when the gate is decided about a new plan that
 * meant the same: then the link shows what was decided.
 */
function isChanged({ link, gate, deployment }: ApprovalRecords): boolean {
  const isCurrent = link.digest === gate.digest && link.round === (plannedOf(deployment)?.round ?? link.round);
  return !isCurrent && !(gate.status !== 'open' && gate.carried.some(({ digest }) => digest === link.digest));
}

/** Returns how the plan differs from the earlier one that this person was shown. */
function differenceIn({ earlier, analysis }: ApprovalRecords, state: ApprovalState): PlanDifference | undefined {
  if (!earlier || !analysis || state.kind === 'removed' || state.kind === 'replaced') return undefined;
  return comparePlans(earlier, analysis);
}

const releaseInWords = ({ release, id }: Deployment): string => `release ${release} (${id})`;

function gatesInWords({ deployment, gates, ...target }: ApprovalRecords): GateInWords[] {
  return gatesInForce(deployment, target, gates).map(({ gate: name, required }) => {
    const gate = gates.find((each) => each.gate === name);
    const needed = counted(required, 'approval');
    if (!gate)
      return { name, status: 'comes later', tone: '', progress: `${needed} needed`, decisions: [], voided: [] };
    const { status, decisions, voided } = gate;
    const progress = `${approvalsOf(gate).length} of ${needed}`;
    return { name, status, tone: GATE_TONES[status], progress, decisions, voided };
  });
}
