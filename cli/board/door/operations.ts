import * as z from 'zod';
import { ReleaseNumberSchema } from '../../../lambdas/domain/names.ts';
import type { sender } from '../../client/send.ts';
import type { paths } from '../../generated/api.ts';

type Send = ReturnType<typeof sender>;
type Operation = `${'GET' | 'POST' | 'PATCH'} ${keyof paths & string}`;

const ENVIRONMENT = '/applications/{app}/environments/{env}';

/** Where a read has no body. */
const NONE = z.undefined();

/** The operations that the board asks the API for, each with the body that it may have. It signs no other request. */
export const OPERATIONS = {
  'GET /applications': NONE,
  'GET /applications/{app}': NONE,
  'GET /applications/{app}/pipeline': NONE,
  'GET /applications/{app}/approvers': NONE,
  'GET /applications/{app}/releases': NONE,
  'GET /applications/{app}/releases/{number}': NONE,
  'GET /applications/{app}/ephemeral-environments': NONE,
  [`GET ${ENVIRONMENT}`]: NONE,
  [`GET ${ENVIRONMENT}/deployments/{id}`]: NONE,
  [`GET ${ENVIRONMENT}/deployments/{id}/plan`]: NONE,
  [`GET ${ENVIRONMENT}/deployments/{id}/events`]: NONE,
  'POST /applications/{app}/promotions': z.strictObject({ to: z.string(), release: ReleaseNumberSchema }),
  [`POST ${ENVIRONMENT}/deployments`]: z.strictObject({
    operation: z.literal('rollback'),
    release: ReleaseNumberSchema,
  }),
  [`POST ${ENVIRONMENT}/deployments/{id}/cancel`]: NONE,
  [`PATCH ${ENVIRONMENT}`]: z.strictObject({ hold: z.literal(true), reason: z.string() }),
} as const satisfies Partial<Record<Operation, z.ZodType>>;

/** Sends a request only if it is one of the operations of the board. Throws an error otherwise, before it is signed. */
export const onlyListed =
  (send: Send, baseUrl: string): Send =>
  async (request) => {
    const path = new URL(request.url).pathname.slice(new URL(baseUrl).pathname.replace(/\/$/, '').length);
    const named = Object.entries(OPERATIONS).find(([operation]) => isIt(operation, request.method, path));
    const text = await request.clone().text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    if (!named?.[1].safeParse(body).success)
      throw new Error(`the board may not ask the API for ${request.method} ${path} ${text}`);
    return send(request);
  };

function isIt(operation: string, method: string, path: string): boolean {
  const [verb, template = ''] = operation.split(' ');
  const parts = template.split('/');
  const given = path.split('/');
  if (verb !== method || parts.length !== given.length) return false;
  return parts.every((part, at) => (part.startsWith('{') ? given[at] !== '' : part === given[at]));
}
