import type { Services } from '../functions.ts';
import { UnknownRouteError } from '../runtime/http-errors.ts';
import { operation } from '../runtime/operation.ts';
import { ROUTES } from './routes.ts';

/** Refuses a request that no route takes. Says which methods the path has, if it exists. */
export const refuseUnknownRoute = operation(
  {
    operationId: 'refuseUnknownRoute',
    tag: 'service',
    summary: 'Refuse a request that the API does not know',
    input: {},
    answers: {},
  },
  async (_input, _services: Services<'open'>, { sent: { method, path } }) => {
    const methods = methodsOf(path);
    throw new UnknownRouteError(
      methods.length > 0
        ? `${path} has ${methods.join(', ')}, and no ${method}`
        : `the API has no ${path}; GET /openapi.json lists its paths`,
      methods,
    );
  },
);

/** Returns the methods of the routes that a path fits. A path parameter takes one segment. */
const methodsOf = (path: string): string[] =>
  Object.keys(ROUTES).flatMap((key) => {
    const [method = '', template = ''] = key.split(' ');
    const wanted = template.split('/');
    const given = path.split('/');
    const fits = wanted.every((part, index) => (part.startsWith('{') ? given[index] : part === given[index]));
    return fits && wanted.length === given.length ? [method] : [];
  });
