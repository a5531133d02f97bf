import middy, { type MiddlewareObj } from '@middy/core';
import * as z from 'zod';
import { installationOf } from '../domain/contract/installation.ts';
import { InvalidInputError, ServiceUnavailableError } from '../domain/errors.ts';
import type { Home } from '../domain/links.ts';
import { callerOf, identityOf } from './caller.ts';
import type { HandlerSetup } from './handler-setup.ts';
import { bodyOf, type HttpAnswer, type HttpEvent, HttpEventSchema, SECURITY_HEADERS } from './http-event.ts';
import { canKeep } from './keeping-services.ts';
import { type Log, logger } from './logger.ts';
import type { OperationLoader } from './operation.ts';
import { requestLog } from './request-log.ts';
import { untilCallsEnd } from './until-calls-end.ts';

/** The longest body that is read. Every valid request of this API is much shorter. */
const MOST_BODY_CHARACTERS = 256 * 1024;

/**
 * Returns the handler of an API function. It finds the operation by route key, answers in JSON, and turns thrown errors
 * into problems. Of a request it logs only the route and the caller.
 */
export function apiHandler<Services extends object>(
  operations: Readonly<Record<string, OperationLoader<Services>>>,
  { services, log = logger }: HandlerSetup<NoInfer<Services>>,
) {
  return middy<unknown, HttpAnswer>()
    .use(untilCallsEnd())
    .use(requestLog(log))
    .use(problems(log))
    .handler(async (given: unknown, context: unknown): Promise<HttpAnswer> => {
      const event = HttpEventSchema.parse(given);
      const load = operations[event.routeKey];
      if (!load) throw new Error(`this function does not serve ${event.routeKey}`);
      const request = {
        event,
        body: () => readBody(event),
        caller: () => callerOf(event),
        identity: () => identityOf(event),
        home: homeOf(services, context),
      };
      const operation = await load();
      const { status, body, tag } =
        mayBeKept(event) && !operation.isSecret && canKeep(services)
          ? await (await import('./keyed-answer.ts')).keyedAnswer(services, event, request.body(), (keeping) =>
              operation.answer(request, keeping),
            )
          : await operation.answer(request, services);
      const answer = json(status, body);
      return tag === undefined ? answer : { ...answer, headers: { ...answer.headers, etag: `"${tag}"` } };
    });
}

/** Returns whether the caller wants that repetitions of this request get the answer to it: POSTs with a signature. */
const mayBeKept = ({ routeKey, headers, requestContext }: HttpEvent): boolean =>
  headers['idempotency-key'] !== undefined && routeKey.startsWith('POST ') && !!requestContext.authorizer?.iam;

const json = (statusCode: number, body: unknown, contentType = 'application/json'): HttpAnswer => ({
  statusCode,
  headers: { ...SECURITY_HEADERS, ...(body !== undefined && { 'content-type': contentType }) },
  ...(body !== undefined && { body: JSON.stringify(body) }),
});

function readBody(event: HttpEvent): string {
  const body = bodyOf(event);
  if (body.length <= MOST_BODY_CHARACTERS) return body;
  const message = `longer than ${MOST_BODY_CHARACTERS} characters`;
  throw new InvalidInputError('request', [{ field: 'body', message, value: `${body.length} characters` }]);
}

const FunctionArnSchema = z.object({
  invokedFunctionArn: z.string().regex(/^arn:[^:]+:lambda:[^:]+:\d{12}:/),
});

function homeOf(services: object, context: unknown): Home | undefined {
  if ('executionsUrl' in services && typeof services.executionsUrl === 'string')
    return { executionsUrl: services.executionsUrl };
  const parsed = FunctionArnSchema.safeParse(context);
  const [, partition = '', , region = '', accountId = '', , name = ''] =
    parsed.data?.invokedFunctionArn.split(':') ?? [];
  return parsed.success ? { partition, region, accountId, installation: installationOf(name) } : undefined;
}

function problems(log: Log): MiddlewareObj<unknown, HttpAnswer> {
  return {
    onError: async (request) => {
      // Loaded with the first problem, because most requests have none.
      const { headersOf, isAnswerable, problemOf } = await import('./http-errors.ts');
      const { error, event } = request;
      const path = HttpEventSchema.safeParse(event).data?.rawPath ?? '';
      const problem = problemOf(error, path);
      const { status, type } = problem;
      if (error instanceof ServiceUnavailableError) log.error('request failed for now', { status, type, error });
      else if (isAnswerable(error)) log.info('request refused', { status, type });
      else log.error('request crashed', { error });
      const answer = json(status, problem, 'application/problem+json');
      request.response = { ...answer, headers: { ...answer.headers, ...headersOf(error, status) } };
    },
  };
}
