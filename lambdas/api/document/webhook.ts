import * as z from 'zod';
import { HeadersSchema } from '../webhook/github-payload.ts';

/** What the webhook reads beside its query, in the form in which GitHub sends it. */
export const WEBHOOK_PARTS = {
  headers: HeadersSchema.extend({
    'x-hub-signature-256': z.string().regex(/^sha256=[0-9a-f]{64}$/),
  }),
  contents: {
    'application/json': z
      .record(z.string(), z.json())
      .describe("The payload of GitHub's event. `push`, `delete` and `pull_request` are read, others are ignored."),
    'application/x-www-form-urlencoded': z.object({
      payload: z.string().describe('The same payload as JSON text'),
    }),
  },
};
