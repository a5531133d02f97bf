import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { CredentialStore } from '../../door/credential-store.ts';
import { closeServer, listenOnLoopback, readRequest } from '../../door/http-server.ts';
import type { LocalRoutes } from '../../door/local-route.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import type { LogsService } from '../logs/logs-service.ts';
import { createApiRequests } from './api-requests.ts';
import { apiProvisioners, emptyApi } from './http-api.ts';
import { isLocalPath, respondLocalPage } from './local-pages.ts';
import { type GatewayResponse, gatewayMessage } from './payload.ts';

const MAX_BODY_BYTES = 10 * 1024 * 1024;

export interface ApiGatewayService extends LocalService {
  /** Starts listening. The address must be known before the API exists, because the template's functions get it. */
  listen(): Promise<string>;
}

interface ApiGatewayProps {
  readonly port: number;
  readonly credentials: CredentialStore;
  readonly logs: LogsService;
  readonly localRoutes: () => LocalRoutes;
}

/**
 * Makes API Gateway: the template's HTTP API on a port of 127.0.0.1, and the pages of the local cloud below `/local/`.
 */
export function createApiGatewayService(context: LocalContext, props: ApiGatewayProps): ApiGatewayService {
  const { log } = context;
  const { credentials, logs, localRoutes } = props;
  const api = emptyApi();
  let port = props.port;
  let isReady = false;
  const respondApi = createApiRequests({ context, api, credentials, logs, port: () => port });
  const url = (): string => `http://127.0.0.1:${port}`;

  async function respond(incoming: IncomingMessage): Promise<GatewayResponse> {
    const at = new Date();
    const requestId = randomUUID();
    if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
      incoming.resume();
      return gatewayMessage(413, 'Request Entity Too Large');
    }
    const request = await readRequest(incoming);
    if (request.body.length > MAX_BODY_BYTES) return gatewayMessage(413, 'Request Entity Too Large');
    if (isLocalPath(request.path)) return respondLocalPage(request, localRoutes());
    if (!isReady || !api.stage) return gatewayMessage(503, 'Service Unavailable');
    const rawQueryString = (incoming.url ?? '').split('?').slice(1).join('?');
    return respondApi(api.stage, { request, rawQueryString, requestId, at });
  }

  const server = createServer((incoming, outgoing) => {
    respond(incoming)
      .catch((error: unknown) => {
        log({
          source: 'api',
          message: 'crashed',
          fields: { error: error instanceof Error ? error.stack : String(error) },
        });
        return gatewayMessage(500, 'Internal Server Error');
      })
      .then((response) => write(incoming, outgoing, response))
      .catch(() => outgoing.destroy());
  });

  return {
    async listen() {
      port = await listenOnLoopback(server, props.port);
      return url();
    },
    provisioners: apiProvisioners(api, url),
    start() {
      isReady = true;
    },
    stop: () => closeServer(server),
  };
}

function write(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, headers, cookies, body }: GatewayResponse,
): void {
  for (const [name, value] of Object.entries(headers)) if (name !== 'content-length') outgoing.setHeader(name, value);
  if (cookies.length > 0) outgoing.setHeader('set-cookie', [...cookies]);
  if (status === 413) outgoing.setHeader('connection', 'close');
  outgoing.statusCode = status;
  if (status !== 204 && status !== 304) outgoing.setHeader('content-length', body.length);
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}
