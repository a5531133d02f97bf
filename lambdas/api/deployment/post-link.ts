import * as z from 'zod';
import { renewLink } from '../../domain/approval/renew-link.ts';
import { requesterOf } from '../../domain/approver/requester.ts';
import { EmailSchema } from '../../domain/names.ts';
import { GateNameSchema } from '../../domain/policy.ts';
import { findDeployment } from '../../domain/transaction/find.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { GatePath } from '../inputs.ts';

const LinkRequestSchema = z.strictObject({ email: EmailSchema });
/** The answer about a new link. The link itself is only in the mail. */
const LinkViewSchema = z.object({
  deploymentId: z.string(),
  gate: GateNameSchema,
  email: z.string(),
  /** The number of links that have been made for this person and this plan. */
  sequence: z.int(),
});

export const postLink = operation(
  {
    operationId: 'postLink',
    tag: 'deployment',
    summary: 'Mail an approver a new link to an open gate; the previous link stops working',
    problems: ['gate-not-open', 'gate-expired', 'not-an-approver', 'already-decided', 'approver-unreachable'],
    input: { path: GatePath, body: LinkRequestSchema },
    answers: { 201: LinkViewSchema },
  },
  async ({ path: { app, env, id, gate }, body: { email } }, services: Services<'approvers'>, { caller }) => {
    await findDeployment(services.store, app, env, id);
    const by = await requesterOf(services.store, app, caller);
    return answer(201, await renewLink(services, { deploymentId: id, gate, email }, by));
  },
);
