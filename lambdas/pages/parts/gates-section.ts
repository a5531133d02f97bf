import type { Decision, GateStatus } from '../../domain/model/gate.ts';
import { type Html, html } from './html.ts';
import { capitalized, moment } from './words.ts';

/** A decision in words: who, when, how, and what they wrote. */
type Told = Pick<Decision, 'by' | 'at' | 'via' | 'decision' | 'comment'>;

/** A gate as a page shows it. */
export interface GateInWords {
  readonly name: string;
  readonly status: string;
  readonly tone: 'good' | 'bad' | 'warn' | 'calm' | '';
  /** Such as `1 of 2 approvals`. */
  readonly progress: string;
  readonly decisions: readonly Told[];
  /** Decisions about an earlier plan, which no longer count. */
  readonly voided: readonly Told[];
}

export const GATE_TONES: Readonly<Record<GateStatus, GateInWords['tone']>> = {
  open: 'calm',
  approved: 'good',
  rejected: 'bad',
  expired: 'warn',
  canceled: 'warn',
  superseded: 'warn',
  void: '',
};

/** Shows each gate with what was decided there. */
export function approvalsSection(gates: readonly GateInWords[]): Html | undefined {
  if (gates.length === 0) return undefined;
  return html`<section class="card" aria-labelledby="approvals">
<h2 id="approvals">Approvals</h2>
<ol class="gates">${gates.map(gateItem)}</ol>
</section>`;
}

function gateItem({ name, status, tone, progress, decisions, voided }: GateInWords): Html {
  const told = [
    ...decisions.map((decision) => html`<li>${decided(decision)}${comment(decision)}</li>`),
    ...voided.map(
      (decision) =>
        html`<li class="quiet">${decided(decision)}; about an earlier plan, no longer counts${comment(decision)}</li>`,
    ),
  ];
  return html`<li><h3>${capitalized(name)} <span class="pill ${tone}">${status}</span> <span class="quiet small">${progress}</span></h3>
${told.length > 0 && html`<ul>${told}</ul>`}</li>`;
}

const decided = (decision: Told): Html =>
  html`${decision.decision === 'approve' ? html`<strong class="add">Approved</strong>` : html`<strong class="remove">Rejected</strong>`} by ${who(decision)}${decision.via === 'api' && ', through the API'}`;

export const who = ({ by, at }: Pick<Told, 'by' | 'at'>): string => `${by} on ${moment(at)}`;

export const comment = ({ comment: text }: Pick<Told, 'comment'>): Html | undefined =>
  text === undefined ? undefined : html`<blockquote><bdi>${text}</bdi></blockquote>`;
