import * as z from 'zod';
import { decideGate, readForDecision } from '../domain/approval/decide-gate.ts';
import { type Refusal, RefusedError } from '../domain/errors.ts';
import type { Services } from '../functions.ts';
import { PROBLEMS } from '../runtime/http-errors.ts';
import type { Page, PageRequest } from '../runtime/page-handler.ts';
import { approvalPage, type FormState } from './approval-template.ts';
import { viewApproval } from './approval-view.ts';
import { unknownLink } from './document.ts';
import { formNonce, isFormNonce } from './form-nonce.ts';
import { findLinked, loadApproval } from './load-approval.ts';
import { formAction } from './show-approval.ts';

/** What the page says anyway, in better words. */
const TOLD_BY_STATE = new Set<Refusal>(['digest-differs', 'link-replaced']);

/** What the form sends; browsers end lines with CR LF, which count twice. */
const FormSchema = z.object({
  decision: z.enum(['approve', 'reject']),
  comment: z
    .string()
    .transform((comment) => comment.replaceAll('\r\n', '\n').trim())
    .pipe(z.string().max(2000)),
  environment: z.string(),
  nonce: z.string(),
});

/** `POST /approvals/{token}`: records the decision of the link's person, by the same rules as the API. */
export async function decideApproval({ token, form }: PageRequest, services: Services<'approval-page'>): Promise<Page> {
  const link = await services.links.verify(token);
  if (!link) return unknownLink();
  const { deploymentId, gate: name, email, digest } = link;
  const ahead = await services.store.readAhead();
  const [linked] = await Promise.all([
    findLinked(ahead, link),
    readForDecision(ahead, { deploymentId, gate: name, email, link }),
  ]);
  if (!linked) return unknownLink();
  const { environment } = linked;
  const sent = {
    decision: form.get('decision') ?? '',
    comment: form.get('comment') ?? '',
    environment: form.get('environment') ?? '',
    nonce: form.get('nonce') ?? '',
  };
  /** The page as things stand now. */
  const show = async (status: number, problem?: FormState['problem'], wasJustDecided = false): Promise<Page> => {
    const shown = await loadApproval(services, link);
    if (!shown) return unknownLink();
    const state = { action: formAction(token), nonce: formNonce(token), comment: sent.comment, problem };
    return { status, html: approvalPage(viewApproval(shown, services.surroundings.now()), state, wasJustDecided) };
  };

  if (!isFormNonce(sent.nonce, token))
    return show(400, { text: 'The form was not the one of this page. Please decide in the form below.' });
  const parsed = FormSchema.safeParse(sent);
  if (!parsed.success) {
    const isComment = parsed.error.issues.some(({ path }) => path[0] === 'comment');
    return isComment
      ? show(400, { text: 'A comment may have 2000 characters.', field: 'comment' })
      : show(400, { text: 'Please choose to approve or to reject.' });
  }
  const { decision, comment, environment: typed } = parsed.data;
  if (decision === 'approve' && environment.stage === 'production' && typed.trim() !== environment.name)
    return show(400, {
      text: `To approve, type the name of the environment, ${environment.name}, into its field.`,
      field: 'environment',
    });

  const made = { deploymentId, gate: name, email, via: 'link', link, digest, decision, comment } as const;
  try {
    await decideGate(services, made, ahead);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const { refusal, message } = error;
    return show(PROBLEMS[refusal].status, TOLD_BY_STATE.has(refusal) ? undefined : { text: `${message}.` });
  }
  return show(200, undefined, true);
}
