import type { MiddlewareObj } from '@middy/core';
import { type HttpAnswer, HttpEventSchema } from './http-event.ts';
import type { Log } from './logger.ts';

/**
 * Adds caller, route and request id to every line that is logged during a request. The path is never logged, because it
 * may be an approval link.
 */
export function requestLog(log: Log): MiddlewareObj<unknown, HttpAnswer> {
  return {
    before: ({ event }) => {
      const { data } = HttpEventSchema.safeParse(event);
      if (!data) return;
      const caller = data.requestContext.authorizer?.iam?.userArn ?? 'anybody';
      log.appendKeys({ requestId: data.requestContext.requestId, route: data.routeKey, caller });
    },
    after: ({ response }) => log.info('request answered', { status: response?.statusCode }),
  };
}
