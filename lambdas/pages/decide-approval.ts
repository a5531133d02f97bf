import * as z from 'zod';
import { judgeDecision, readForDecision } from '../domain/approval/decide-gate.ts';
import { type Refusal, Refused } from '../domain/errors.ts';
import type { ApprovalLink } from '../domain/ports.ts';
import type { Services } from '../functions.ts';
import { PROBLEMS } from '../runtime/http-errors.ts';
import type { Page, PageRequest } from '../runtime/page-handler.ts';
import { unknownLink } from './approval-messages.ts';
import { approvalPage, type FormState } from './approval-template.ts';
import { viewApproval } from './approval-view.ts';
import { formNonce, isFormNonce } from './form-nonce.ts';
import { findLinked, loadApproval } from './load-approval.ts';
import { formAction } from './show-approval.ts';

/** Refusals that the page explains already, in better words. */
const TOLD_BY_STATE = new Set<Refusal>(['digest-differs', 'link-replaced']);

/** The fields of the form. Browsers end lines with CR LF, which would count as two characters. */
const FormSchema = z.object({
  decision: z.enum(['approve', 'reject']),
  comment: z
    .string()
    .transform((comment) => comment.replaceAll('\r\n', '\n').trim())
    .pipe(z.string().max(2000)),
  environment: z.string(),
  nonce: z.string(),
});

/** What the answer has in addition to the contents of the page. */
interface Outcome {
  readonly status: number;
  readonly problem?: FormState['problem'];
  readonly wasJustDecided?: boolean;
}

/** `POST /approvals/{token}`: records the decision of the link's person, by the same rules as the API. */
export async function decideApproval({ token, form }: PageRequest, services: Services<'approval-page'>): Promise<Page> {
  const link = await services.links.verify(token);
  if (!link) return unknownLink();
  const sent = {
    decision: form.get('decision') ?? '',
    comment: form.get('comment') ?? '',
    environment: form.get('environment') ?? '',
    nonce: form.get('nonce') ?? '',
  };
  const outcome = isFormNonce(sent.nonce, token)
    ? await decide(services, link, sent)
    : unfit('The form was not the one of this page. Please decide in the form below.');
  // Loaded after the decision, so that the page shows its result.
  const shown = outcome && (await loadApproval(services, link));
  if (!shown) return unknownLink();
  const { status, problem, wasJustDecided } = outcome;
  const state = { action: formAction(token), nonce: formNonce(token), comment: sent.comment, problem };
  return { status, html: approvalPage(viewApproval(shown, services.surroundings.now()), state, wasJustDecided) };
}

const unfit = (text: string, field?: 'comment' | 'environment'): Outcome => ({
  status: 400,
  problem: { text, ...(field && { field }) },
});

/** Decides as the form says. Returns undefined when the records of the link no longer exist. */
async function decide(
  services: Services<'approval-page'>,
  link: ApprovalLink,
  sent: Readonly<Record<string, string>>,
): Promise<Outcome | undefined> {
  const parsed = FormSchema.safeParse(sent);
  if (!parsed.success) {
    const isComment = parsed.error.issues.some(({ path }) => path[0] === 'comment');
    return isComment
      ? unfit('A comment may have 2000 characters.', 'comment')
      : unfit('Please choose to approve or to reject.');
  }
  const { decision, comment, environment: typed } = parsed.data;
  const { deploymentId, gate, email, digest } = link;
  const ahead = await services.store.readAhead();
  const made = { deploymentId, gate, email, via: 'link', link, digest, decision, comment } as const;
  const [linked] = await Promise.all([findLinked(ahead, link), readForDecision(ahead, made)]);
  if (!linked) return undefined;
  const { environment } = linked;
  if (decision === 'approve' && environment.stage === 'production' && typed.trim() !== environment.name)
    return unfit(`To approve, type the name of the environment, ${environment.name}, into its field.`, 'environment');
  const judged = await judgeDecision(services, made, ahead);
  if (!(judged instanceof Refused)) return { status: 200, wasJustDecided: true };
  const { refusal, message } = judged;
  return { status: PROBLEMS[refusal].status, ...(!TOLD_BY_STATE.has(refusal) && { problem: { text: `${message}.` } }) };
}
