import * as z from 'zod';
import { IdempotencyKeySchema } from '../../domain/model/request/kept-request.ts';
import type { Operation } from '../../runtime/operation.ts';
import { ROUTES } from '../routes.ts';

type Manner = Pick<Operation<never>, 'isTagged' | 'isSecret'>;

const ROLES: ReadonlyMap<string, string> = new Map(Object.entries(ROUTES).map(([key, { role }]) => [key, role]));

/** Returns whether a request to the route may have an `Idempotency-Key`: every signed POST whose answer is no secret. */
export const takesIdempotencyKey = (key: string, { isSecret }: Manner): boolean =>
  key.startsWith('POST ') && ROLES.get(key) !== 'public' && !isSecret;

/** Returns whether a request to the route may have `If-Match`. */
export const takesIfMatch = (key: string, { isTagged }: Manner): boolean =>
  isTagged === true && (key.startsWith('PUT ') || key.startsWith('PATCH '));

/** Headers that operations take in addition to their input, as the document describes them. */
export const IDEMPOTENCY_HEADERS = z.object({
  'Idempotency-Key': IdempotencyKeySchema.optional().describe(
    'For 24 hours, a repetition by the same caller with the same path, key and body gets the same answer.',
  ),
});
export const PRECONDITION_HEADERS = z.object({
  'If-Match': z
    .string()
    .optional()
    .describe('The ETag of the settings that the caller knows. If they are not those any more, nothing changes.'),
});

/** The header of answers that show settings. */
export const ETAG = {
  ETag: {
    description: 'Changes when a setting changes that PUT or PATCH can change; for If-Match',
    schema: { type: 'string' },
  },
};
