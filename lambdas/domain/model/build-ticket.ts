import * as z from 'zod';
import type { Purpose } from '../contract/build-source.ts';
import { DeploymentIdSchema, InstantSchema, Sha256Schema } from '../names.ts';

/** Stored facts about a build's ticket. Only the build has the ticket itself. */
export const BuildTicketSchema = z.object({
  deploymentId: DeploymentIdSchema,
  purpose: z.enum(['plan', 'apply'] satisfies readonly Purpose[]),
  round: z.int().min(1),
  /**
   * SHA-256 of the ticket's text. There are several when the task that makes the ticket was retried, because it is not
   * known which answer counted.
   */
  hashes: z.array(Sha256Schema).min(1),
  /** Name of the role of the project that the build is started in. */
  role: z.string(),
  issuedAt: InstantSchema,
  /**
   * The session that redeemed the ticket first; no other session can. `buildId`: the build of an apply, as CodeBuild
   * confirmed it; absent in older records.
   */
  session: z.object({ userId: z.string(), since: InstantSchema, buildId: z.string().optional() }).optional(),
});
export type BuildTicket = z.infer<typeof BuildTicketSchema>;

/** Marks that a refused attempt to get credentials is in the audit. The same attempt again adds nothing. */
export const CredentialsRefusalSchema = z.object({
  deploymentId: DeploymentIdSchema,
  mark: Sha256Schema,
  at: InstantSchema,
});
