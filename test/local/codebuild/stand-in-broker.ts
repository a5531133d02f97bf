import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import {
  CREDENTIALS_ROUTE,
  CredentialsAnswerSchema,
  CredentialsRequestSchema,
  formatTicket,
} from '../../../lambdas/domain/contract/build-credentials.ts';
import { isBuildRole, type Purpose } from '../../../lambdas/domain/contract/build-source.ts';
import { roleSession } from '../../../local/door/callers.ts';
import type { LocalDoor } from '../../../local/door/door.ts';
import { closeServer, createWireServer, listenOnLoopback } from '../../../local/door/http-server.ts';
import { readSignature, verifySignature } from '../../../local/door/signature.ts';
import { AwsError, type Caller, type WireRequest, type WireResponse } from '../../../local/door/wire.ts';

/** What a ticket gives credentials for. */
interface TicketSubject {
  readonly deploymentId: string;
  readonly purpose: Purpose;
  readonly roleArn: string;
  readonly externalId: string;
}

/** A credentials broker for builds that no control plane started. It checks trust policies like the real broker. */
export interface StandInBroker {
  /** URL of the API that the broker replaces. */
  readonly url: string;
  issue(subject: TicketSubject): string;
  close(): Promise<void>;
}

/** Starts the broker; it assumes the environments' roles with the role `roleArn`. */
export async function startStandInBroker(door: LocalDoor, roleArn: string): Promise<StandInBroker> {
  const tickets = new Map<string, TicketSubject>();
  const sessions = new Map<string, string>();
  const self = roleSession(roleArn, 'broker');

  async function redeem(request: WireRequest): Promise<WireResponse> {
    const caller = identify(door, request);
    const { ticket } = CredentialsRequestSchema.parse(JSON.parse(request.body.toString('utf8')));
    const subject = tickets.get(ticket);
    if (!subject || caller.kind !== 'role') return refusal('there is no such ticket');
    if (!isBuildRole('stagegate', subject.purpose, caller.roleArn.split('/').at(-1) ?? ''))
      return refusal(`the caller is no ${subject.purpose} build`);
    if ((sessions.get(ticket) ?? caller.arn) !== caller.arn) return refusal('the ticket was redeemed by another build');
    sessions.set(ticket, caller.arn);
    try {
      return answer(200, 'application/json', await assume(subject));
    } catch (error) {
      if (error instanceof AwsError && error.code === 'AccessDenied') return refusal(`no ${subject.roleArn} to be had`);
      throw error;
    }
  }

  async function assume({ deploymentId, ...subject }: TicketSubject): Promise<object> {
    const assumed = await door.call(self, 'sts', 'AssumeRole', {
      RoleArn: subject.roleArn,
      ExternalId: subject.externalId,
      RoleSessionName: deploymentId,
    });
    const { Credentials: credentials } = AssumedSchema.parse(assumed);
    return CredentialsAnswerSchema.parse({
      accessKeyId: credentials.AccessKeyId,
      secretAccessKey: credentials.SecretAccessKey,
      sessionToken: credentials.SessionToken,
      expiration: credentials.Expiration.toISOString(),
    });
  }

  const server = createWireServer(async (request) =>
    request.method === CREDENTIALS_ROUTE.method && request.path === CREDENTIALS_ROUTE.path
      ? redeem(request)
      : answer(404, 'application/json', { message: 'Not Found' }),
  );
  const port = await listenOnLoopback(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    issue(subject) {
      const { deploymentId, purpose } = subject;
      const ticket = formatTicket({ deploymentId, purpose, round: 1, secret: randomBytes(32).toString('hex') });
      tickets.set(ticket, subject);
      return ticket;
    },
    close: () => closeServer(server),
  };
}

const AssumedSchema = z.object({
  Credentials: z.object({
    AccessKeyId: z.string(),
    SecretAccessKey: z.string(),
    SessionToken: z.string(),
    Expiration: z.date(),
  }),
});

/** Returns the caller; throws unless the request is signed for an API with a known key. */
function identify(door: LocalDoor, request: WireRequest): Caller {
  const scope = readSignature(request);
  if (scope?.service !== 'execute-api') throw new Error(`signed for ${scope?.service}, not for execute-api`);
  const now = new Date();
  const { caller, secretAccessKey } = door.credentials.identify(scope.accessKeyId, scope.sessionToken, now);
  verifySignature(request, scope, secretAccessKey, now);
  return caller;
}

const answer = (status: number, type: string, body: object): WireResponse => ({
  status,
  headers: { 'content-type': type },
  body: JSON.stringify(body),
});

const refusal = (detail: string): WireResponse => answer(403, 'application/problem+json', { status: 403, detail });
