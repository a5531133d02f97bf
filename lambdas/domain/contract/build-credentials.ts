import * as z from 'zod';
import { DeploymentIdSchema, InstantSchema } from '../names.ts';
import { PURPOSES, type Purpose } from './build-source.ts';

/**
 * The messages between a build and the credentials broker. A build sends the ticket that was made for it; the broker
 * answers with credentials of the environment's role. Both sides read the messages with these schemas.
 */

/**
 * Route of the credentials broker. Requests are signed by the build's own role, as every request to the API is (service
 * `execute-api`).
 */
export const CREDENTIALS_ROUTE = { method: 'POST', path: '/builds/credentials' } as const;

/** The environment variable in which a build gets its ticket. */
export const TICKET_VARIABLE = 'STAGEGATE_TICKET';

/** Text of a ticket: `<deployment>.<purpose>.<round>.<256 random bits>`. It is for one build of one deployment. */
const TICKET = /^(?<deploymentId>[^.]+)\.(?<purpose>plan|apply)\.(?<round>[1-9]\d{0,5})\.(?<secret>[0-9a-f]{64})$/;

export const TicketSchema = z
  .string()
  .max(200)
  .regex(TICKET, 'a ticket: <deployment>.<plan or apply>.<round>.<64 hexadecimal digits>');

export interface Ticket {
  readonly deploymentId: string;
  readonly purpose: Purpose;
  /** Round of the deployment's plan. */
  readonly round: number;
  readonly secret: string;
}

const TicketPartsSchema = z.object({
  deploymentId: DeploymentIdSchema,
  purpose: z.enum(PURPOSES),
  round: z.coerce.number().int(),
  secret: z.string(),
});

export const formatTicket = ({ deploymentId, purpose, round, secret }: Ticket): string =>
  TicketSchema.parse(`${deploymentId}.${purpose}.${round}.${secret}`);

/** Reads a ticket's text. Throws ZodError. */
export const parseTicket = (text: string): Ticket =>
  TicketPartsSchema.parse({ ...TICKET.exec(TicketSchema.parse(text))?.groups });

export const CredentialsRequestSchema = z.strictObject({
  ticket: TicketSchema,
  /**
   * CODEBUILD_BUILD_ID, so that the broker can ask CodeBuild about the build. The broker believes only CodeBuild's
   * answer.
   */
  buildId: z.string().regex(/^[A-Za-z0-9._-]{1,255}:[0-9a-f-]{36}$/, 'the id of a CodeBuild build'),
});

/**
 * Credentials that are valid for at most an hour: a role that is assumed by another role cannot be assumed for longer.
 */
export const CredentialsAnswerSchema = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1),
  expiration: InstantSchema,
});
export type BuildCredentials = z.infer<typeof CredentialsAnswerSchema>;
