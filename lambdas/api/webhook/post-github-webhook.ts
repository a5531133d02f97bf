import { createHash } from 'node:crypto';
import * as z from 'zod';
import { RefusedError } from '../../domain/errors.ts';
import { LISTINGS } from '../../domain/model/table/listings.ts';
import { noteRefused } from '../../domain/release/note-news.ts';
import { listReadable } from '../../domain/transaction/list-all.ts';
import { addresseesOf } from '../../domain/webhook/addressees.ts';
import { publishOnce } from '../../domain/webhook/publish-once.ts';
import type { Services } from '../../functions.ts';
import { countReplacedRepository } from '../../runtime/metrics.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { meaningOf, readGithubRequest } from './github-payload.ts';
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
  /** Why no event was published, or what will not come of it. */
  reason: z.string().optional(),
});

/** Checks the signature before it parses any part of the body. */
export const postGithubWebhook = operation(
  {
    operationId: 'postGithubWebhook',
    tag: 'webhook',
    summary: 'Receive a GitHub webhook, signed with its secret (X-Hub-Signature-256), and publish it as an event',
    problems: ['signature-invalid', 'webhook-off', 'repository-replaced', 'too-large'],
    input: { query: WebhookQuerySchema },
    answers: { 200: ReceiptSchema, 202: ReceiptSchema },
  },
  async ({ query: { for: part } }, services: Services<'webhook'>, { sent }) => {
    await requireSignature(services.webhookSecrets, part, sent);
    const request = readGithubRequest(sent);
    const { event, delivery } = request;
    const meaning = meaningOf(request, services.surroundings.now());
    if ('ignored' in meaning) return answer(200, { delivery, event, outcome: 'ignored', reason: meaning.ignored });
    const { items: applications, unreadable } = await listReadable(services.store, LISTINGS.applications());
    const addressees = addresseesOf(applications, meaning, part);
    // It may be for an application that cannot be read. The sender sees a failure, and may deliver it again.
    if (addressees.kind === 'none' && unreadable[0]) throw unreadable[0];
    if (addressees.kind !== 'outside') await noteRefused(services, addressees.refused);
    switch (addressees.kind) {
      case 'none':
        return answer(200, { delivery, event, outcome: 'ignored', reason: addressees.reason });
      case 'outside':
        throw new RefusedError('signature-invalid', addressees.reason);
      case 'foreign':
        // Not marked as taken: after the confirmation it may be delivered again.
        countReplacedRepository();
        throw new RefusedError('repository-replaced', addressees.reason);
      case 'known':
    }
    const digest = createHash('sha256').update(sent.bytes).digest('hex');
    const outcome = await publishOnce(services, { id: delivery, digest }, meaning);
    return outcome === 'published'
      ? answer(202, {
          delivery,
          event,
          outcome,
          published: meaning.name,
          ...(addressees.note !== undefined && { reason: addressees.note }),
        })
      : answer(200, { delivery, event, outcome, reason: DUPLICATE });
  },
);

const DUPLICATE = 'this delivery is or was taken by another request; if that one failed, it may be delivered again';
