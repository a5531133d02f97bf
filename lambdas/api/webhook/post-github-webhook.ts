import { createHash } from 'node:crypto';
import * as z from 'zod';
import { publishOnce } from '../../domain/webhook/publish-once.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { meaningOf, readGithubRequest, requirePart } from './github-payload.ts';
import { requireSignature } from './github-signature.ts';

const WebhookQuerySchema = z.strictObject({
  /** The part of a git host (an owner or one repository) whose own secret signs the webhook. */
  for: z
    .string()
    .max(200)
    .regex(
      /^[a-z0-9.-]+(?::\d+)?(?:\/(?!\.\.?(?:\/|$))[a-z0-9._-]+)+(?<!\.git)$/,
      'a host with an owner or a repository in lower case, such as github.com/acme or github.com/acme/config',
    )
    .optional(),
});

const ReceiptSchema = z.object({
  delivery: z.string(),
  event: z.string(),
  outcome: z.enum(['published', 'duplicate', 'ignored']),
  /** The name of the event on the bus. */
  published: z.string().optional(),
  /** The reason why no event was published. */
  reason: z.string().optional(),
});

/** Checks the signature before it parses any part of the body. */
export const postGithubWebhook = operation(
  {
    summary: 'Receive a GitHub webhook, signed with its secret (X-Hub-Signature-256), and publish it as an event',
    input: { query: WebhookQuerySchema },
    answers: { 200: ReceiptSchema, 202: ReceiptSchema },
  },
  async ({ query: { for: part } }, services: Services<'webhook'>, { sent }) => {
    await requireSignature(services.webhookSecrets, part, sent);
    const { event, delivery, payload } = readGithubRequest(sent);
    const meaning = meaningOf(event, delivery, payload);
    if ('ignored' in meaning) return answer(200, { delivery, event, outcome: 'ignored', reason: meaning.ignored });
    if (part) requirePart(part, payload);
    const digest = createHash('sha256').update(sent.bytes).digest('hex');
    const outcome = await publishOnce(services, { id: delivery, digest }, meaning);
    return outcome === 'published'
      ? answer(202, { delivery, event, outcome, published: meaning.name })
      : answer(200, { delivery, event, outcome, reason: DUPLICATE });
  },
);

const DUPLICATE = 'this delivery is or was taken by another request; if that one failed, it may be delivered again';
