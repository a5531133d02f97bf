import { isEnding } from '../domain/endings.ts';
import type { ParityView } from '../domain/environment/find-parity.ts';
import { Refused } from '../domain/errors.ts';
import { type Deployment, describeContent, isTerminal, plannedOf } from '../domain/model/deployment.ts';
import { approvalsOf, type Decision, decide, type GateStatus } from '../domain/model/gate.ts';
import { isReplaced } from '../domain/model/link-state.ts';
import type { Release } from '../domain/model/release.ts';
import { statedOtherwise, wordsFrom } from '../domain/model/release-words.ts';
import type { Analysis } from '../domain/plan/analysis.ts';
import { comparePlans, type PlanDifference } from '../domain/plan/compare-plans.ts';
import { counted } from '../domain/plan/wording.ts';
import type { Stage } from '../domain/policy.ts';
import type { ApprovalRecords } from './load-approval.ts';
import { capitalized, day, nameOf, operationInWords, statusInBrief, statusInWords, timeLeft } from './words.ts';

/** Where the link stands for the person who opened it. */
export type ApprovalState =
  /** May decide; `approveRefusal` says why an approval would not count, a rejection does. */
  | { readonly kind: 'open'; readonly approveRefusal?: string }
  /** Has approved; others still have to. */
  | { readonly kind: 'waiting'; readonly own: Decision; readonly missing: number }
  | { readonly kind: 'approved'; readonly approvals: readonly Decision[]; readonly own?: Decision }
  | { readonly kind: 'rejected'; readonly rejection: Decision; readonly own?: Decision }
  | { readonly kind: 'expired'; readonly at: string }
  | { readonly kind: 'canceled'; readonly by?: string }
  | { readonly kind: 'superseded'; readonly by?: string }
  /** The deployment ended for another reason while the gate was open. */
  | { readonly kind: 'void'; readonly why: string }
  /** The link is about another plan than the gate is now. */
  | { readonly kind: 'changed' }
  /** A newer mail has another link for the person. */
  | { readonly kind: 'replaced' }
  /** The person decides nothing here any more. */
  | { readonly kind: 'removed' };

/** What the page says, without how it looks. */
export interface ApprovalView {
  readonly state: ApprovalState;
  readonly title: string;
  /** Whose application this is. */
  readonly corner: string;
  readonly stage: Stage;
  readonly facts: readonly { readonly label: string; readonly value: string; readonly detail?: string }[];
  /** Who is asked, and to decide what. */
  readonly you: { readonly email: string; readonly gate: string };
  readonly requestedBy: string;
  readonly request: string;
  readonly expiresAt: string;
  /** Absent when the time is over. */
  readonly timeLeft: string | undefined;
  /** Typed to approve a production deployment. */
  readonly nameToType?: string;
  readonly commit: {
    readonly id: string;
    readonly message: string;
    readonly author: string;
    /** Message and author are what a caller of the API said, not what the commit says. */
    readonly isTold: boolean;
    /** What a caller of the API said instead of what the commit says. */
    readonly stated: Pick<Release, 'message' | 'author'> | undefined;
  };
  readonly plan: { readonly digest: string; readonly round: number; readonly plannedAt?: string };
  readonly analysis: Analysis | undefined;
  /** What the plan does otherwise than the one shown before, if there was another one. */
  readonly difference: PlanDifference | undefined;
  /** How production will differ from staging, which is what was tried out. */
  readonly parity: ParityView | undefined;
  readonly gates: readonly GateInWords[];
  readonly progress: string;
  /** What has become of the deployment, in a word or two. */
  readonly status: string;
}

export interface GateInWords {
  readonly name: string;
  readonly status: string;
  readonly tone: 'good' | 'bad' | 'warn' | 'calm' | '';
  readonly progress: string;
  readonly decisions: readonly Decision[];
  /** Made about an earlier plan that meant something else. */
  readonly voided: readonly Decision[];
}

/** Values of the page behind a link, for its person, at a moment. */
export function viewApproval(records: ApprovalRecords, now: string): ApprovalView {
  const { link, deployment, gate, application, environment, release } = records;
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
        ? [{ label: 'Release', value: String(release.number), detail: `made ${day(release.createdAt)}` }]
        : []),
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
    difference: differenceIn(records, state),
    gates: gatesInWords(records),
    progress: statusInWords(deployment.status),
    status: statusInBrief(isEnding(state.kind) ? state.kind : deployment.status),
  };
}

/** Nothing said needs no mark. */
const isTold = (release: Release | undefined): boolean =>
  release !== undefined && wordsFrom(release) === 'request' && (release.message !== '' || release.author !== '');

/** After another plan was made, by a link that was replaced, or for somebody who no longer decides: not theirs to read. */
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
      return { kind: 'void', why: statusInWords(deployment.status) };
    case 'open':
      if (now >= gate.expiresAt) return { kind: 'expired', at: gate.expiresAt };
      if (isTerminal(deployment.status)) return { kind: 'void', why: statusInWords(deployment.status) };
      if (own) return { kind: 'waiting', own, missing: gate.required - approvalsOf(gate).length };
  }
  const ballot = { decision: 'approve', approver, via: 'link', digest: link.digest } as const;
  const otherGates = gates.filter((other) => other.gate !== gate.gate);
  if (!analysis) return { kind: 'open', approveRefusal: 'the details of the plan are gone, so nobody can judge it' };
  const decided = decide(gate, ballot, { now, stage: environment.stage, deployment, otherGates });
  return { kind: 'open', ...(decided instanceof Refused && { approveRefusal: decided.message }) };
}

/** Was the plan of this link made again? Where the new one meant the same and is decided, the link tells what was. */
function isChanged({ link, gate, deployment }: ApprovalRecords): boolean {
  const isCurrent = link.digest === gate.digest && link.round === (plannedOf(deployment)?.round ?? link.round);
  return !isCurrent && !(gate.status !== 'open' && gate.carried.some(({ digest }) => digest === link.digest));
}

/** How the plan differs from the one that this person has seen before. */
function differenceIn({ earlier, analysis }: ApprovalRecords, state: ApprovalState): PlanDifference | undefined {
  if (!earlier || !analysis || state.kind === 'removed' || state.kind === 'replaced') return undefined;
  return comparePlans(earlier, analysis);
}

const releaseInWords = ({ release, id }: Deployment): string => `release ${release} (${id})`;

const GATE_TONES: Readonly<Record<GateStatus, GateInWords['tone']>> = {
  open: 'calm',
  approved: 'good',
  rejected: 'bad',
  expired: 'warn',
  canceled: 'warn',
  superseded: 'warn',
  void: '',
};

function gatesInWords({ deployment, gates }: ApprovalRecords): GateInWords[] {
  return (plannedOf(deployment)?.gates ?? []).map(({ gate: name, required }) => {
    const gate = gates.find((each) => each.gate === name);
    const needed = counted(required, 'approval');
    if (!gate)
      return { name, status: 'comes later', tone: '', progress: `${needed} needed`, decisions: [], voided: [] };
    const { status, decisions, voided } = gate;
    const progress = `${approvalsOf(gate).length} of ${needed}`;
    return { name, status, tone: GATE_TONES[status], progress, decisions, voided };
  });
}
