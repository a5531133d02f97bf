import * as z from 'zod';
import type { Purpose } from '../contract/build-source.ts';
import { DeploymentIdSchema, InstantSchema, Sha256Schema } from '../names.ts';

/** What is known of a build's ticket; the ticket itself is in nobody's hands but the build's. */
export const BuildTicketSchema = z.object({
  deploymentId: DeploymentIdSchema,
  purpose: z.enum(['plan', 'apply'] satisfies readonly Purpose[]),
  round: z.int().min(1),
  /** SHA-256 of its text; of several, where the task that makes it was retried: nobody knows which answer counted. */
  hashes: z.array(Sha256Schema).min(1),
  /** Name of the role of the project that the build is started in. */
  role: z.string(),
  issuedAt: InstantSchema,
  /** The session that redeemed it first; no other can. */
  session: z.object({ userId: z.string(), since: InstantSchema }).optional(),
});
export type BuildTicket = z.infer<typeof BuildTicketSchema>;

/** That a refused attempt to get credentials is in the audit; the same again adds nothing. */
export const CredentialsRefusalSchema = z.object({
  deploymentId: DeploymentIdSchema,
  mark: Sha256Schema,
  at: InstantSchema,
});
