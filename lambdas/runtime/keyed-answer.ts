import * as z from 'zod';
import {
  IdempotencyKeySchema,
  type KeptAnswer,
  KeptAnswerSchema,
  keyedRequest,
} from '../domain/model/request/kept-request.ts';
import { answerOnce } from '../domain/transaction/answer-once.ts';
import { callerOf } from './caller.ts';
import type { HttpEvent } from './http-event.ts';
import { isTooDeep } from './json-body.ts';
import type { KeepingServices } from './keeping-services.ts';
import type { Answered } from './operation.ts';
import { parseInput } from './parse-input.ts';

/** Milliseconds between two looks at another request with the same key. */
const PAUSE_MS = 250;

const HeadersSchema = z.object({ 'Idempotency-Key': IdempotencyKeySchema });

/** Answers a request with an `Idempotency-Key` once: see `answerOnce`. Throws InvalidInputError, RefusedError. */
export async function keyedAnswer<Services extends KeepingServices>(
  services: Services,
  event: HttpEvent,
  body: string,
  perform: (services: Services) => Promise<Answered>,
): Promise<Answered> {
  const { 'Idempotency-Key': key } = parseInput('request', HeadersSchema, {
    'Idempotency-Key': event.headers['idempotency-key'],
  });
  const [method = ''] = event.routeKey.split(' ');
  const request = keyedRequest({ caller: callerOf(event), method, path: event.rawPath, key }, contentOf(body));
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS));
  return answerOnce(services, request, async (store) => asJson(await perform({ ...services, store })), pause);
}

const asJson = ({ status, body }: Answered): KeptAnswer =>
  KeptAnswerSchema.parse(JSON.parse(JSON.stringify({ status, body })));

/** Returns the JSON value of a body, so that white space and the order of keys do not count; else its text. */
function contentOf(body: string): unknown {
  // The operation says what is wrong with a body that is nested too deeply, or is no JSON.
  if (isTooDeep(body)) return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
