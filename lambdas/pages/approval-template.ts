import type { Decision } from '../domain/model/gate.ts';
import { counted } from '../domain/plan/wording.ts';
import type { ApprovalState, ApprovalView } from './approval-view.ts';
import { differenceSection } from './parts/difference-section.ts';
import { document } from './parts/document.ts';
import { factsSection } from './parts/facts-section.ts';
import { approvalsSection, comment, who } from './parts/gates-section.ts';
import { type Html, html } from './parts/html.ts';
import { paritySection } from './parts/parity-section.ts';
import { planReview } from './parts/plan-review.ts';
import { keyFigures, lossesSection } from './parts/plan-sections.ts';
import { capitalized, day, moment, time } from './parts/words.ts';

/** The contents of the form: its address, its nonce, and the comment and problem of an attempt that failed. */
export interface FormState {
  readonly action: string;
  readonly nonce: string;
  readonly comment?: string;
  readonly problem?: { readonly text: string; readonly field?: 'environment' | 'comment' };
}

/** Returns the page behind an approval link. */
export function approvalPage(view: ApprovalView, form: FormState, wasJustDecided = false): string {
  const { analysis, difference, parity, rehearsal, state, title } = view;
  const outcome = state.kind === 'open' ? undefined : describe(state, wasJustDecided, view.progress);
  const review = html`${figures(view)}
${analysis && lossesSection(analysis)}
${difference && differenceSection(difference)}
${factsSection(view)}
${analysis && planReview(analysis, rehearsal)}
${parity && paritySection(parity)}
${approvalsSection(view.gates)}`;
  return document({
    title: form.problem ? `Not decided: ${title}` : outcome ? `${outcome.heading}: ${title}` : `Approve? ${title}`,
    corner: view.corner,
    ...(state.kind === 'open' && { skip: html`<a class="skip" href="#decision">Skip to the decision</a>` }),
    main: html`${form.problem && banner({ tone: 'bad', heading: 'Nothing was decided', text: form.problem.text }, 'alert')}
${outcome && banner(outcome)}
${introduction(view)}
${state.kind === 'open' ? [reviewWithWayDown(review, view), decisionForm(view, state, form)] : review}
${footer(view)}`,
  });
}

function introduction({ title, stage, requestedBy, request, you }: ApprovalView): Html {
  return html`<p class="eyebrow"><span class="pill ${stage === 'production' ? 'warn' : 'calm'}">${stage}</span> ${capitalized(you.gate)} approval</p>
<h1>${title}</h1>
<p class="lede"><strong>${requestedBy}</strong> asks to ${request}. You are asked as <strong>${you.email}</strong> for the ${you.gate} approval.</p>`;
}

function figures({ analysis, expiresAt, timeLeft, state, status }: ApprovalView): Html | undefined {
  if (!analysis && state.kind !== 'open') return undefined;
  const last =
    state.kind === 'open'
      ? html`<div><dt>Decide before</dt><dd class="value"><time datetime="${expiresAt}">${day(expiresAt)}</time></dd><dd class="detail">${time(expiresAt)}, ${timeLeft}</dd></div>`
      : html`<div><dt>The deployment</dt><dd class="value">${status}</dd></div>`;
  return html`<dl class="figures">${analysis && keyFigures(analysis)}
${last}</dl>`;
}

interface Banner {
  readonly tone: 'good' | 'bad' | 'warn' | 'calm';
  readonly heading: string;
  readonly text: string;
  readonly quotes?: readonly Decision[];
}

const banner = ({ tone, heading, text, quotes = [] }: Banner, role: 'status' | 'alert' = 'status'): Html =>
  html`<div class="banner ${tone}" role="${role}"><h2>${heading}</h2>
${quotes.map(comment)}<p>${text}</p></div>`;

/** Describes a state in which this person has nothing left to decide. */
function describe(state: Exclude<ApprovalState, { kind: 'open' }>, wasJustDecided: boolean, progress: string): Banner {
  const thanks = wasJustDecided ? 'Thank you. ' : '';
  switch (state.kind) {
    case 'waiting':
      return {
        tone: 'good',
        heading: `${thanks}You have approved`,
        text: `Approved by ${who(state.own)}. ${counted(state.missing, 'further approval')} ${state.missing === 1 ? 'is' : 'are'} needed from others.`,
        quotes: [state.own],
      };
    case 'approved':
      return {
        tone: 'good',
        heading: state.own ? `${thanks}You have approved` : 'Others have approved',
        text: `Approved by ${state.approvals.map(who).join('; ')}. ${progress}`,
        quotes: state.approvals,
      };
    case 'rejected':
      return {
        tone: 'bad',
        heading: state.own?.decision === 'reject' ? `${thanks}You have rejected` : 'Rejected',
        text: `Rejected by ${who(state.rejection)}. Nothing was changed.`,
        quotes: [state.rejection],
      };
    case 'expired':
      return {
        tone: 'warn',
        heading: 'The time to decide is over',
        text: `Nobody decided before ${moment(state.at)}. Nothing was changed. The deployment can be requested again.`,
      };
    case 'canceled':
      return {
        tone: 'warn',
        heading: 'Canceled',
        text: `The request was canceled${state.by ? ` by ${state.by}` : ''}. Nothing was changed, and there is nothing to decide.`,
      };
    case 'superseded':
      return {
        tone: 'warn',
        heading: 'A newer release took its place',
        text: `There is nothing to decide here any more${state.by ? `: ${state.by} came instead` : ''}. If it needs your approval, you will get another e-mail.`,
      };
    case 'void':
      return { tone: 'warn', heading: 'There is nothing to decide any more', text: state.why };
    case 'changed':
      return {
        tone: 'warn',
        heading: 'The plan has changed since this e-mail',
        text: 'The plan was made again, and would no longer do what this link showed. A newer e-mail has the link to the current plan.',
      };
    case 'replaced':
      return {
        tone: 'warn',
        heading: 'A newer e-mail has replaced this one',
        text: 'You have been sent a newer link, and this one can no longer be used. Please use the link in the newest e-mail.',
      };
    case 'removed':
      return {
        tone: 'warn',
        heading: 'You are no longer asked',
        text: 'Your address is no longer registered for this approval, so this link can no longer be used.',
      };
  }
}

/** Returns the review with a link to the form, which stays at the foot of the window while the person reads. */
const reviewWithWayDown = (review: Html, { timeLeft }: ApprovalView): Html =>
  html`<div>${review}
<p class="to-decision"><span class="quiet">Waiting for you, ${timeLeft}</span><a href="#decision">Decide</a></p></div>`;

function decisionForm(view: ApprovalView, state: Extract<ApprovalState, { kind: 'open' }>, form: FormState): Html {
  const { nameToType, you } = view;
  const mayApprove = state.approveRefusal === undefined;
  const problem = (field: 'environment' | 'comment') =>
    form.problem?.field === field
      ? {
          attributes: html` aria-invalid="true" aria-describedby="problem"`,
          text: html`<p id="problem" class="problem">${form.problem.text}</p>`,
        }
      : undefined;
  return html`<section class="card decision" aria-labelledby="decision">
<h2 id="decision" tabindex="-1">Your decision</h2>
${state.approveRefusal !== undefined && html`<p>You cannot approve this: ${state.approveRefusal}. You can reject it.</p>`}
<form method="post" action="${form.action}">
<input type="hidden" name="nonce" value="${form.nonce}">
<label for="comment">Comment <span class="hint">(optional; kept with your decision)</span></label>
<textarea id="comment" name="comment" rows="3" maxlength="2000"${problem('comment')?.attributes}>
${form.comment}</textarea>
${problem('comment')?.text}
${
  nameToType !== undefined &&
  mayApprove &&
  html`<label for="environment">To approve, type <code>${nameToType}</code> <span class="hint">(this is production)</span></label>
<input type="text" id="environment" name="environment" autocomplete="off" autocapitalize="none" spellcheck="false" required${problem('environment')?.attributes}>
${problem('environment')?.text}`
}
<div class="buttons">
${mayApprove && html`<button class="approve" name="decision" value="approve">Approve</button>`}
<button class="reject" name="decision" value="reject" formnovalidate>Reject</button>
</div>
</form>
<p class="quiet small">Your decision is recorded with ${you.email}, the time and the digest of this plan, and cannot be taken back.</p>
</section>`;
}

const footer = ({ plan }: ApprovalView): Html => html`<footer>
<p>Plan <span class="digest">${plan.digest}</span>${plan.round > 1 && ` (number ${plan.round} of this deployment)`}${plan.plannedAt && `, made ${moment(plan.plannedAt)}`}. Exactly this plan is applied, or none.</p>
<p>This link is for you only. Please do not forward it. Anyone who opens it can decide in your name.</p>
</footer>`;
