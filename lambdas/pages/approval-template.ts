import type { Decision } from '../domain/gate.ts';
import type { ApprovalState, ApprovalView } from './approval-view.ts';
import { blastRadiusPicture } from './blast-radius-picture.ts';
import { differenceSection } from './difference-section.ts';
import { document } from './document.ts';
import { type Html, html } from './html.ts';
import {
  blastRadiusSection,
  changesSection,
  costSection,
  lossesSection,
  paritySection,
  safeguardsSection,
  summaryChips,
} from './plan-sections.ts';
import { capitalized, counted, moment } from './words.ts';

/** The form as it is shown: where it posts to, what it carries, and what to say about an attempt that failed. */
export interface FormState {
  readonly action: string;
  readonly nonce: string;
  readonly comment?: string;
  readonly problem?: string;
}

/** The page behind an approval link. */
export function approvalPage(view: ApprovalView, form: FormState, wasJustDecided = false): string {
  const { analysis, difference, parity, state } = view;
  const isOpen = state.kind === 'open';
  const skip = isOpen ? html`<a class="skip" href="#decision">Skip to the decision</a>` : undefined;
  return document(
    isOpen ? `Approve? ${view.title}` : view.title,
    html`${!isOpen && banner(describe(state, wasJustDecided, view.progress))}
${form.problem && banner({ tone: 'bad', heading: 'Nothing was decided', text: form.problem }, 'alert')}
<h1>${view.title}</h1>
<p class="lede"><strong>${view.requestedBy}</strong> asks to ${view.request}. You are asked as <strong>${view.you.email}</strong> for the ${view.you.gate} approval.</p>
${factsSection(view)}
${difference && differenceSection(difference)}
${analysis && [lossesSection(analysis), changesSection(analysis), blastRadiusSection(analysis, blastRadiusPicture(analysis.graph)), costSection(analysis), safeguardsSection(analysis)]}
${parity && paritySection(parity)}
${decisionsSection(view)}
${isOpen && decisionForm(view, state, form)}
${footer(view)}`,
    skip,
  );
}

function factsSection({ facts, commit, expiresAt, state, analysis }: ApprovalView): Html {
  return html`<section class="card" aria-labelledby="facts">
<h2 id="facts">What and where</h2>
<dl class="facts">
${facts.map(({ label, value, detail }) => html`<div><dt>${label}</dt><dd><bdi>${value}</bdi>${detail && html`<span class="detail">${detail}</span>`}</dd></div>`)}
${state.kind === 'open' && html`<div><dt>Decide before</dt><dd><time datetime="${expiresAt}">${moment(expiresAt)}</time></dd></div>`}
</dl>
<p class="commit"><bdi>${commit.message === '' ? 'No commit message' : commit.message}</bdi>
<span class="quiet">${commit.author && `${commit.author}, `}commit <code>${commit.id.slice(0, 12)}</code></span></p>
${analysis && summaryChips(analysis)}
</section>`;
}

interface Banner {
  readonly tone: 'good' | 'bad' | 'warn' | 'calm';
  readonly heading: string;
  readonly text: string;
}

const banner = ({ tone, heading, text }: Banner, role: 'status' | 'alert' = 'status'): Html =>
  html`<div class="banner ${tone}" role="${role}"><p><strong>${heading}</strong></p><p>${text}</p></div>`;

/** A state that is over, in words. */
function describe(state: Exclude<ApprovalState, { kind: 'open' }>, wasJustDecided: boolean, progress: string): Banner {
  const thanks = wasJustDecided ? 'Thank you. ' : '';
  switch (state.kind) {
    case 'waiting':
      return {
        ...{ tone: 'good', heading: `${thanks}You have approved` },
        text: `${who(state.own)}. ${counted(state.missing, 'further approval')} ${state.missing === 1 ? 'is' : 'are'} needed from others.`,
      };
    case 'approved':
      return {
        ...{ tone: 'good', heading: state.own ? `${thanks}You have approved` : 'Others have approved' },
        text: `Approved by ${state.approvals.map(who).join('; ')}. ${progress}`,
      };
    case 'rejected':
      return {
        ...{ tone: 'bad', heading: state.own?.decision === 'reject' ? `${thanks}You have rejected` : 'Rejected' },
        text: `Rejected by ${who(state.rejection)}. Nothing was changed.`,
      };
    case 'expired':
      return {
        ...{ tone: 'warn', heading: 'The time to decide is over' },
        text: `Nobody decided before ${moment(state.at)}. Nothing was changed; it can be asked for again.`,
      };
    case 'canceled':
      return {
        ...{ tone: 'warn', heading: 'Canceled' },
        text: `The request was canceled${state.by ? ` by ${state.by}` : ''}. Nothing was changed, and there is nothing to decide.`,
      };
    case 'superseded':
      return {
        ...{ tone: 'warn', heading: 'A newer release took its place' },
        text: `There is nothing to decide here any more${state.by ? `; ${state.by} came instead` : ''}. If your approval is needed for it, you get another e-mail.`,
      };
    case 'void':
      return { tone: 'warn', heading: 'There is nothing to decide any more', text: state.why };
    case 'changed':
      return {
        ...{ tone: 'warn', heading: 'The plan has changed since this e-mail' },
        text: 'It was made again, and what this link showed is no longer what would happen. A newer e-mail has the link to the plan as it is now.',
      };
    case 'removed':
      return {
        ...{ tone: 'warn', heading: 'You are no longer asked' },
        text: 'Your address is not registered for this approval any more, so this link no longer decides anything.',
      };
  }
}

const who = ({ by, at, comment }: Decision): string => `${by} on ${moment(at)}${comment ? ` (“${comment}”)` : ''}`;

function decisionsSection({ gates }: ApprovalView): Html | undefined {
  if (gates.length === 0) return undefined;
  return html`<section class="card" aria-labelledby="decisions">
<h2 id="decisions">Approvals</h2>
<ul>${gates.map(
    ({ name, status, decisions, voided }) => html`<li><strong>${capitalized(name)}</strong>: ${status}
${decisions.length + voided.length > 0 && html`<ul>${decisions.map((decision) => html`<li>${outcome(decision)}</li>`)}${voided.map((decision) => html`<li class="quiet">${outcome(decision)}: about an earlier plan, counts no more</li>`)}</ul>`}</li>`,
  )}</ul>
</section>`;
}

const outcome = (decision: Decision): string =>
  `${decision.decision === 'approve' ? 'Approved' : 'Rejected'} by ${who(decision)}`;

function decisionForm(view: ApprovalView, state: Extract<ApprovalState, { kind: 'open' }>, form: FormState): Html {
  const { nameToType, you } = view;
  const mayApprove = state.approveRefusal === undefined;
  return html`<section class="card" aria-labelledby="decision">
<h2 id="decision" tabindex="-1">Your decision</h2>
${state.approveRefusal !== undefined && html`<p>You cannot approve this: ${state.approveRefusal}. You can reject it.</p>`}
<form method="post" action="${form.action}">
<input type="hidden" name="nonce" value="${form.nonce}">
<label for="comment">Comment <span class="hint">(optional; kept with your decision)</span></label>
<textarea id="comment" name="comment" rows="3" maxlength="2000">
${form.comment}</textarea>
${
  nameToType !== undefined &&
  mayApprove &&
  html`<label for="environment">To approve, type <code>${nameToType}</code> <span class="hint">(this is production)</span></label>
<input type="text" id="environment" name="environment" autocomplete="off" autocapitalize="none" spellcheck="false" required>`
}
<div class="buttons">
${mayApprove && html`<button class="approve" name="decision" value="approve">Approve</button>`}
<button class="reject" name="decision" value="reject" formnovalidate>Reject</button>
</div>
</form>
<p class="quiet">Your decision is recorded with ${you.email}, the time and the digest of this plan, and cannot be taken back.</p>
</section>`;
}

const footer = ({ plan }: ApprovalView): Html => html`<footer>
<p>Plan <span class="digest">${plan.digest}</span>${plan.round > 1 && ` (number ${plan.round} of this deployment)`}${plan.plannedAt && `, made ${moment(plan.plannedAt)}`}. Exactly this plan is applied, or none.</p>
<p>This link is yours alone. Please do not forward it: who opens it can decide in your name.</p>
</footer>`;
