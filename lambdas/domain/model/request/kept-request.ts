import { createHash } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from '../../json-value.ts';
import { InstantSchema, Sha256Schema } from '../../names.ts';
import { RefusalSchema } from './refusal.ts';

/** Hours for which a request with an `Idempotency-Key` is kept. */
const KEPT_HOURS = 24;

/** An `Idempotency-Key`: 1 to 255 visible characters of ASCII. */
export const IdempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'an idempotency key: 1 to 255 visible ASCII characters, without spaces');

/** The answer to a request: the HTTP status, and the body as JSON. */
export const KeptAnswerSchema = z.object({ status: z.int(), body: z.json().optional() });
export type KeptAnswer = z.infer<typeof KeptAnswerSchema>;

/** A request with an `Idempotency-Key`, so that its repetition gets the same answer. */
export const KeptRequestSchema = z.object({
  /** The hash of caller, method, path and key. */
  mark: Sha256Schema,
  /** The hash of the body. */
  body: Sha256Schema,
  /** What has become of the request. `begun`: its own transaction is committed, and returned this JSON text. */
  state: z.discriminatedUnion('is', [
    z.object({ is: z.literal('begun'), returned: z.string().optional() }),
    z.object({ is: z.literal('answered'), answer: KeptAnswerSchema }),
    z.object({ is: z.literal('refused'), refusal: RefusalSchema, message: z.string() }),
  ]),
  expiresAt: InstantSchema,
});
export type KeptRequest = z.infer<typeof KeptRequestSchema>;

/** Identifies a request with an `Idempotency-Key`. */
export type KeyedRequest = Pick<KeptRequest, 'mark' | 'body'>;

/** `body`: the body of the request, parsed if it is JSON. */
export const keyedRequest = (
  { caller, method, path, key }: { caller: string; method: string; path: string; key: string },
  body: unknown,
): KeyedRequest => ({ mark: hashOf([caller, method, path, key]), body: hashOf(body) });

const hashOf = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

export const keptUntil = (now: string): string => new Date(Date.parse(now) + KEPT_HOURS * 3_600_000).toISOString();
