import * as z from 'zod';
import { InvalidInputError } from '../../domain/errors.ts';
import {
  DeletePayloadSchema,
  type Meaning,
  meaningOfDelete,
  meaningOfPullRequest,
  meaningOfPush,
  PullRequestPayloadSchema,
  PushPayloadSchema,
} from '../../domain/webhook/github-payload.ts';
import { parseJsonBody } from '../../runtime/json-body.ts';
import type { RequestFacts } from '../../runtime/operation.ts';
import { parseInput } from '../../runtime/parse-input.ts';

/** The headers of a delivery that are read. */
export const HeadersSchema = z.object({
  'x-github-event': z.string().regex(/^[a-z_]{1,100}$/, 'the name of an event'),
  'x-github-delivery': z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'the id of a delivery'),
});

interface GithubRequest {
  readonly event: string;
  readonly delivery: string;
  readonly payload: unknown;
}

export function readGithubRequest({ headers, bytes }: RequestFacts['sent']): GithubRequest {
  const named = parseInput('request', HeadersSchema, headers);
  const payload = parseJsonBody(jsonOf(headers['content-type'] ?? '', bytes));
  return { event: named['x-github-event'], delivery: named['x-github-delivery'], payload };
}

/** Returns the JSON text of a body. The settings of the webhook decide which of two content types GitHub sends. */
function jsonOf(contentType: string, bytes: Buffer): string {
  const text = bytes.toString('utf8');
  switch (contentType.split(';')[0]?.trim().toLowerCase()) {
    case 'application/json':
      return text;
    case 'application/x-www-form-urlencoded':
      return new URLSearchParams(text).get('payload') ?? '';
    default: {
      const message = 'application/json or application/x-www-form-urlencoded';
      throw new InvalidInputError('request', [{ field: 'content-type', message, value: JSON.stringify(contentType) }]);
    }
  }
}

export function meaningOf({ event, delivery, payload }: GithubRequest, receivedAt: string): Meaning {
  switch (event) {
    case 'push':
      return meaningOfPush(parseInput('payload', PushPayloadSchema, payload), delivery, receivedAt);
    case 'delete':
      return meaningOfDelete(parseInput('payload', DeletePayloadSchema, payload), delivery);
    case 'pull_request':
      return meaningOfPullRequest(parseInput('payload', PullRequestPayloadSchema, payload), delivery);
    case 'ping':
      return { ignored: 'a ping: the webhook is set up' };
    default:
      return { ignored: `nothing here wants the event ${event}` };
  }
}
