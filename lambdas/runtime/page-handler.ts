import middy, { type MiddlewareObj } from '@middy/core';
import { ServiceUnavailableError } from '../domain/errors.ts';
import type { HandlerSetup } from './handler-setup.ts';
import { isAnswerable, problemOf, RETRY_AFTER_SECONDS } from './http-errors.ts';
import { bodyOf, type HttpAnswer, HttpEventSchema, SECURITY_HEADERS } from './http-event.ts';
import { type Log, logger } from './logger.ts';
import { requestLog } from './request-log.ts';
import { untilCallsEnd } from './until-calls-end.ts';

/** A whole HTML document. */
export interface Page {
  readonly status: number;
  readonly html: string;
}

export interface PageRequest {
  /** The secret in the path. It is never logged, and shown only in the address that the form posts to. */
  readonly token: string;
  readonly form: URLSearchParams;
}

interface Site<Services> {
  /** One page per route key. */
  readonly pages: Readonly<Record<string, (request: PageRequest, services: Services) => Promise<Page>>>;
  /** Returns the page that people see when a page could not be made. */
  readonly failure: (status: number) => Page;
  /** What the documents may load, and where their forms may post to. It replaces the policy that allows nothing. */
  readonly contentSecurityPolicy: string;
}

/** Returns the handler of a function that answers people. It answers HTML, also for errors. */
export function pageHandler<Services>(
  { pages, failure, contentSecurityPolicy }: Site<Services>,
  { services, log = logger }: HandlerSetup<NoInfer<Services>>,
) {
  const respond = ({ status, html }: Page): HttpAnswer => ({
    statusCode: status,
    headers: {
      ...SECURITY_HEADERS,
      'content-security-policy': contentSecurityPolicy,
      'content-type': 'text/html; charset=utf-8',
      ...(status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
    },
    body: html,
  });
  return middy<unknown, HttpAnswer>()
    .use(untilCallsEnd())
    .use(requestLog(log))
    .use(failures(log, (status) => respond(failure(status))))
    .handler(async (given: unknown): Promise<HttpAnswer> => {
      const event = HttpEventSchema.parse(given);
      const page = pages[event.routeKey];
      if (!page) throw new Error(`this function does not serve ${event.routeKey}`);
      const request = { token: event.pathParameters.token ?? '', form: new URLSearchParams(bodyOf(event)) };
      return respond(await page(request, services));
    });
}

function failures(log: Log, respond: (status: number) => HttpAnswer): MiddlewareObj<unknown, HttpAnswer> {
  return {
    onError: (request) => {
      const { error, event } = request;
      const token = HttpEventSchema.safeParse(event).data?.pathParameters.token;
      const { status, type } = problemOf(error, '');
      if (error instanceof ServiceUnavailableError)
        log.error('request failed for now', { status, type, problem: describe(error, token) });
      else if (isAnswerable(error)) log.info('request refused', { status, type });
      else log.error('request crashed', { problem: describe(error, token) });
      request.response = respond(status);
    },
  };
}

/** Returns an error and its causes as text, without the token of the link that was opened. */
function describe(error: unknown, token: string | undefined): string {
  const text = error instanceof Error ? `${error.stack}` : String(error);
  const cause = error instanceof Error && error.cause ? `\ncaused by ${describe(error.cause, token)}` : '';
  return token ? `${text}${cause}`.replaceAll(token, '<token>') : text + cause;
}
