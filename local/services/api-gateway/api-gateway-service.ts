import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { parseProperties } from '../../assembly/properties.ts';
import { serviceCaller } from '../../door/callers.ts';
import type { CredentialStore } from '../../door/credential-store.ts';
import { closeServer, listenOnLoopback, readRequest } from '../../door/http-server.ts';
import type { LocalRoutes } from '../../door/local-route.ts';
import { readSignature, verifySignature } from '../../door/signature.ts';
import { AwsError, type WireRequest } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import type { LogsService } from '../logs/logs-service.ts';
import { formatAccessLog } from './access-log.ts';
import {
  ApiProperties,
  IntegrationProperties,
  RouteProperties,
  type RouteSettings,
  StageProperties,
} from './api-properties.ts';
import {
  createEvent,
  formatTime,
  type GatewayResponse,
  gatewayMessage,
  type IamIdentity,
  readFunctionResponse,
} from './payload.ts';
import { type ApiRoute, type MatchedRoute, matchRoute, parseRouteKey } from './route-table.ts';
import { createThrottle, type Throttle } from './throttle.ts';

/** Names the principal of an unsigned request to a route that AWS would demand a signature for. */
const PRINCIPAL_HEADER = 'x-local-principal';
const DEFAULT_PRINCIPAL = 'admin@local';

const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Names under which a browser on this machine reaches the gateway; any other one points here by a foreign DNS record. */
const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost', '[::1]']);

export interface ApiGatewayService extends LocalService {
  /** Starts listening; the address is known before the API exists, because the template's functions are told it. */
  listen(): Promise<string>;
}

interface ApiGatewayProps {
  readonly port: number;
  readonly credentials: CredentialStore;
  readonly logs: LogsService;
  readonly localRoutes: () => LocalRoutes;
}

interface Stage {
  readonly settings: z.infer<typeof StageProperties>;
  readonly throttles: Map<string, Throttle>;
}

const InvokeOutput = z.object({ FunctionError: z.string().optional(), Payload: z.string(), durationMs: z.number() });

/** API Gateway: the HTTP API of the template on a port of 127.0.0.1, and the pages of the local cloud below `/local/`. */
export function createApiGatewayService(context: LocalContext, props: ApiGatewayProps): ApiGatewayService {
  const { accountId, region, door, log } = context;
  const integrations = new Map<string, { functionArn: string; timeoutMs: number }>();
  const routes: ApiRoute[] = [];
  let apiId: string | undefined;
  let stage: Stage | undefined;
  let port = props.port;
  let ready = false;

  const server = createServer((incoming, outgoing) => {
    handle(incoming)
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

  const requireApi = (id: string): void => {
    if (id !== apiId) throw new Error(`API ${id} does not exist`);
  };

  async function handle(incoming: IncomingMessage): Promise<GatewayResponse> {
    const at = new Date();
    const requestId = randomUUID();
    if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
      incoming.resume();
      return gatewayMessage(413, 'Request Entity Too Large');
    }
    const request = await readRequest(incoming);
    if (request.body.length > MAX_BODY_BYTES) return gatewayMessage(413, 'Request Entity Too Large');
    if (request.path.startsWith('/local/') || request.path === '/local') return answerLocally(request);
    if (!ready || !stage) return gatewayMessage(503, 'Service Unavailable');

    const path = decodePath(request.path);
    if (path === undefined) return gatewayMessage(400, 'Bad Request');
    const matched = matchRoute(routes, request.method, path);
    const response = matched
      ? await answerRoute({
          request,
          matched,
          path,
          requestId,
          at,
          rawQueryString: (incoming.url ?? '').split('?').slice(1).join('?'),
        })
      : gatewayMessage(404, 'Not Found');
    logAccess(stage, { request, path, requestId, at, response, routeKey: matched?.route.routeKey });
    return { ...response, headers: { ...response.headers, 'apigw-requestid': requestId } };
  }

  async function answerLocally(request: WireRequest): Promise<GatewayResponse> {
    if (isForeign(request)) return gatewayMessage(403, 'Forbidden');
    const table = props.localRoutes();
    const key = Object.keys(table)
      .filter(
        (candidate) => request.path === candidate || (candidate.endsWith('/') && request.path.startsWith(candidate)),
      )
      .sort((a, b) => b.length - a.length)[0];
    const handler = key === undefined ? undefined : table[key];
    if (!handler) return gatewayMessage(404, 'Not Found');
    const { status, headers, body } = await handler(request);
    return { status, headers, cookies: [], body: Buffer.from(body) };
  }

  interface RouteRequest {
    readonly request: WireRequest;
    readonly matched: MatchedRoute;
    readonly path: string;
    readonly rawQueryString: string;
    readonly requestId: string;
    readonly at: Date;
  }

  async function answerRoute({
    request,
    matched,
    path,
    rawQueryString,
    requestId,
    at,
  }: RouteRequest): Promise<GatewayResponse> {
    const { route, pathParameters } = matched;
    if (!passesThrottle(route.routeKey, at)) return gatewayMessage(429, 'Too Many Requests');
    let iam: IamIdentity | undefined;
    if (route.requiresIam) {
      try {
        iam = identify(request, path);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        log({ source: 'api', message: 'refused', fields: { route: route.routeKey, reason: error.message } });
        return gatewayMessage(403, 'Forbidden');
      }
    }
    const event = createEvent({
      request,
      rawQueryString,
      routeKey: route.routeKey,
      path,
      pathParameters,
      accountId,
      apiId: apiId ?? '',
      requestId,
      at,
      port,
      iam,
    });
    return invoke(route, request.method, JSON.stringify(event));
  }

  /** The signer of a signed request, after IAM allowed it; for an unsigned one whoever it says it is. */
  function identify(request: WireRequest, path: string): IamIdentity {
    const scope = readSignature(request);
    if (!scope) {
      if (isForeign(request)) throw new AwsError('Forbidden', 'an unsigned request that another web site made');
      return { accessKey: 'unsigned', accountId, userArn: request.headers[PRINCIPAL_HEADER] ?? DEFAULT_PRINCIPAL };
    }
    const now = new Date();
    const { caller, secretAccessKey } = props.credentials.identify(scope.accessKeyId, scope.sessionToken, now);
    verifySignature(request, scope, secretAccessKey, now);
    if (caller.kind === 'service') throw new AwsError('Forbidden', 'a service principal signs no requests');
    const resource = `arn:aws:execute-api:${region}:${accountId}:${apiId}/$default/${request.method}${path}`;
    door.authorize(caller, { action: 'execute-api:Invoke', resources: [resource] });
    return { accessKey: scope.accessKeyId, accountId: caller.accountId, userArn: caller.arn };
  }

  /**
   * What runs longer than its integration may is answered as in AWS, when it has ended: AWS has an environment for each
   * request and soon, while here requests wait for one, and on a busy machine for long.
   */
  async function invoke(route: ApiRoute, method: string, payload: string): Promise<GatewayResponse> {
    const suffix = route.routeKey === '$default' ? '$default' : `${method}${parseRouteKey(route.routeKey).path}`;
    const sourceArn = `arn:aws:execute-api:${region}:${accountId}:${apiId}/$default/${suffix}`;
    const caller = serviceCaller('apigateway.amazonaws.com', sourceArn, accountId);
    try {
      const input = { FunctionName: route.functionArn, InvocationType: 'RequestResponse', Payload: payload };
      const output = await door.call(caller, 'lambda', 'Invoke', input);
      const { FunctionError, Payload, durationMs } = InvokeOutput.parse(output);
      if (durationMs > route.timeoutMs) return gatewayMessage(503, 'Service Unavailable');
      const response = FunctionError === undefined ? readFunctionResponse(Payload) : undefined;
      if (response) return response;
      log({ source: 'api', message: `${route.routeKey} failed`, fields: { answer: Payload.slice(0, 2_000) } });
      return gatewayMessage(500, 'Internal Server Error');
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      log({ source: 'api', message: `${route.routeKey} failed`, fields: { reason: error.message } });
      return gatewayMessage(500, 'Internal Server Error');
    }
  }

  function passesThrottle(routeKey: string, at: Date): boolean {
    if (!stage) return false;
    const own = stage.settings.RouteSettings[routeKey];
    const throttle =
      stage.throttles.get(own ? routeKey : '$default') ??
      throttleOf({ ...stage.settings.DefaultRouteSettings, ...own });
    stage.throttles.set(own ? routeKey : '$default', throttle);
    return throttle(at.getTime());
  }

  interface Access {
    readonly request: WireRequest;
    readonly path: string;
    readonly routeKey: string | undefined;
    readonly requestId: string;
    readonly at: Date;
    readonly response: GatewayResponse;
  }

  function logAccess({ settings }: Stage, { request, path, routeKey, requestId, at, response }: Access): void {
    if (!settings.AccessLogSettings) return;
    const { DestinationArn, Format } = settings.AccessLogSettings;
    const line = formatAccessLog(Format, {
      accountId,
      apiId,
      httpMethod: request.method,
      'identity.sourceIp': '127.0.0.1',
      'identity.userAgent': request.headers['user-agent'],
      path,
      protocol: 'HTTP/1.1',
      requestId,
      requestTime: formatTime(at),
      requestTimeEpoch: at.getTime(),
      responseLatency: Date.now() - at.getTime(),
      responseLength: response.body.length,
      routeKey,
      stage: '$default',
      status: response.status,
    });
    props.logs.write(DestinationArn.replace(/^.*:log-group:/, '').replace(/:\*$/, ''), '$default', line);
  }

  return {
    async listen() {
      port = await listenOnLoopback(server, props.port);
      return `http://127.0.0.1:${port}`;
    },
    provisioners: {
      'AWS::ApiGatewayV2::Api'(resource) {
        parseProperties(resource, ApiProperties);
        if (apiId !== undefined) throw new Error('a second HTTP API is not supported by the local cloud');
        apiId = createHash('sha256').update(resource.generatedName).digest('hex').slice(0, 10);
        return { ref: apiId, attributes: { ApiId: apiId, ApiEndpoint: `http://127.0.0.1:${port}` } };
      },
      'AWS::ApiGatewayV2::Stage'(resource) {
        const settings = parseProperties(resource, StageProperties);
        requireApi(settings.ApiId);
        stage = { settings, throttles: new Map() };
        return { ref: settings.StageName, attributes: {} };
      },
      'AWS::ApiGatewayV2::Integration'(resource) {
        const integration = parseProperties(resource, IntegrationProperties);
        requireApi(integration.ApiId);
        const [functionArn] = /arn:aws:lambda:[^:]+:\d{12}:function:[^/:]+/.exec(integration.IntegrationUri) ?? [];
        if (functionArn === undefined)
          throw new Error(`IntegrationUri ${integration.IntegrationUri} names no function`);
        const id = createHash('sha256').update(resource.logicalId).digest('hex').slice(0, 7);
        integrations.set(id, { functionArn, timeoutMs: integration.TimeoutInMillis });
        return { ref: id, attributes: { IntegrationId: id } };
      },
      'AWS::ApiGatewayV2::Route'(resource) {
        const { ApiId, RouteKey, Target, AuthorizationType } = parseProperties(resource, RouteProperties);
        requireApi(ApiId);
        if (RouteKey !== '$default') parseRouteKey(RouteKey);
        const integration = integrations.get(Target.slice('integrations/'.length));
        if (!integration) throw new Error(`target ${Target} does not exist`);
        routes.push({ routeKey: RouteKey, requiresIam: AuthorizationType === 'AWS_IAM', ...integration });
        const id = createHash('sha256').update(RouteKey).digest('hex').slice(0, 7);
        return { ref: id, attributes: { RouteId: id } };
      },
    },
    start() {
      ready = true;
    },
    stop: () => closeServer(server),
  };
}

function throttleOf({ ThrottlingRateLimit, ThrottlingBurstLimit }: RouteSettings): Throttle {
  if (ThrottlingRateLimit === undefined || ThrottlingBurstLimit === undefined) return () => true;
  return createThrottle(ThrottlingRateLimit, ThrottlingBurstLimit);
}

/** A web site must neither make a browser act as the administrator here nor read from here under a name of its own. */
function isForeign({ method, headers }: WireRequest): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (!LOOPBACK_HOSTS.has(host)) return true;
  const site = headers['sec-fetch-site'];
  const isSafe = method === 'GET' || method === 'HEAD';
  return !isSafe && (site === 'cross-site' || site === 'same-site');
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
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
