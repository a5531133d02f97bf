import * as z from 'zod';
import type { Api } from '../client/api-client.ts';
import { isLocal } from '../connection/connection.ts';
import type { Deployment } from '../deployment/deployments.ts';

/** The e-mails of a local cloud, oldest first. */
const OutboxSchema = z.array(z.object({ body: z.string(), links: z.array(z.string()) }));

/**
 * Returns the page on which an open gate of a deployment is decided, if the API is a local cloud: its e-mails can be read
 * by everybody. Elsewhere only the approver has the link.
 */
export async function approvalPage({ connection: { url } }: Api, deployment: Deployment): Promise<string | undefined> {
  const digest = deployment.planDigest;
  const isWaiting = deployment.gates.some(({ status }) => status === 'open');
  if (digest === null || !isWaiting || !isLocal(new URL(url))) return undefined;
  const answer = await fetch(new URL('/local/outbox.json', url));
  const { data: mails = [] } = OutboxSchema.safeParse(answer.ok ? await answer.json() : undefined);
  return mails
    .filter(({ body }) => body.includes(digest))
    .flatMap(({ links }) => links.filter((link) => link.includes('/approvals/')))
    .at(-1);
}
