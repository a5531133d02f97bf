import createClient, { type Client } from 'openapi-fetch';
import type { Connection } from '../connection/connection.ts';
import type { components, paths } from '../generated/api.ts';
import { CommandError } from '../output/command-error.ts';
import { refusedBy } from './failures.ts';
import { sender } from './send.ts';

export type Schemas = components['schemas'];

/** The API, typed by its OpenAPI document. */
export interface Api {
  /** One method for each verb: `api.http.GET('/applications/{app}', { params: { path: { app } } })`. */
  readonly http: Client<paths, 'application/json'>;
  readonly connection: Connection;
  /** Returns the body of an answer. Throws CommandError, with the problem and a next step, when it is a refusal. */
  readonly body: <Body>(call: Promise<Called<Body>>) => Promise<Body>;
}

/** What openapi-fetch resolves to. */
interface Called<Body> {
  readonly data?: Body | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

/** Connects to the API. `send` sends the requests: as they are, unless somebody wants to look at them first. */
export function connectApi(
  connection: Connection,
  waiting: Parameters<typeof sender>[1],
  send: ReturnType<typeof sender> = sender(connection, waiting),
): Api {
  const http = createClient<paths, 'application/json'>({ baseUrl: connection.url.replace(/\/$/, ''), fetch: send });
  return {
    http,
    connection,
    async body(call) {
      const { data, error, response } = await call.catch((reason: unknown) => {
        if (!(reason instanceof SyntaxError)) throw reason;
        throw new CommandError('usage', `${connection.url} answered something that is no JSON`, {
          nextStep: `Check that this is the address of the API. It comes from ${connection.from}.`,
          cause: reason,
        });
      });
      if (data === undefined || !response.ok) throw refusedBy(response.status, error, connection);
      return data;
    },
  };
}
