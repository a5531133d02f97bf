import type { CredentialStore } from '../../door/credential-store.ts';
import { AwsError, type WireRequest } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LogsService } from '../logs/logs-service.ts';
import { formatAccessLog } from './access-log.ts';
import { invokeFunction } from './function-integration.ts';
import { type HttpApi, passesThrottle, routesOf, type Stage } from './http-api.ts';
import { createEvent, formatTime, type GatewayResponse, gatewayMessage, type IamIdentity } from './payload.ts';
import { identify } from './request-identity.ts';
import { type MatchedRoute, matchRoute } from './route-table.ts';

interface ApiRequestsProps {
  readonly context: Pick<LocalContext, 'accountId' | 'region' | 'door' | 'log'>;
  readonly api: HttpApi;
  readonly credentials: CredentialStore;
  readonly logs: LogsService;
  readonly port: () => number;
}

/** A request to the API as it arrived. */
interface ApiRequest {
  readonly request: WireRequest;
  readonly rawQueryString: string;
  readonly requestId: string;
  readonly at: Date;
}

interface Access extends ApiRequest {
  /** The decoded path. */
  readonly path: string;
  readonly routeKey: string | undefined;
  readonly response: GatewayResponse;
}

/** Answers requests to the deployed API in the steps of API Gateway: throttle, IAM, function, access log. */
export function createApiRequests({
  context,
  api,
  credentials,
  logs,
  port,
}: ApiRequestsProps): (stage: Stage, received: ApiRequest) => Promise<GatewayResponse> {
  const { accountId, log } = context;

  async function answerRoute(
    stage: Stage,
    { request, rawQueryString, requestId, at }: ApiRequest,
    path: string,
    { route, pathParameters }: MatchedRoute,
  ): Promise<GatewayResponse> {
    const { routeKey } = route;
    if (!passesThrottle(stage, routeKey, at)) return gatewayMessage(429, 'Too Many Requests');
    let iam: IamIdentity | undefined;
    if (route.requiresIam) {
      try {
        iam = identify(request, path, { context, credentials, apiId: api.id });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        log({ source: 'api', message: 'refused', fields: { route: routeKey, reason: error.message } });
        return gatewayMessage(403, 'Forbidden');
      }
    }
    const event = createEvent({
      request,
      rawQueryString,
      routeKey,
      path,
      pathParameters,
      accountId,
      apiId: api.id ?? '',
      requestId,
      at,
      port: port(),
      iam,
    });
    const payload = JSON.stringify(event);
    return invokeFunction(context, { apiId: api.id, route, method: request.method, payload });
  }

  function logAccess({ settings }: Stage, { request, path, routeKey, requestId, at, response }: Access): void {
    if (!settings.AccessLogSettings) return;
    const { DestinationArn, Format } = settings.AccessLogSettings;
    const line = formatAccessLog(Format, {
      accountId,
      apiId: api.id,
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
    logs.write(DestinationArn.replace(/^.*:log-group:/, '').replace(/:\*$/, ''), '$default', line);
  }

  return async (stage, received) => {
    const { request, requestId } = received;
    const path = decodePath(request.path);
    if (path === undefined) return gatewayMessage(400, 'Bad Request');
    const matched = matchRoute(routesOf(api), request.method, path);
    const response = matched ? await answerRoute(stage, received, path, matched) : gatewayMessage(404, 'Not Found');
    logAccess(stage, { ...received, path, response, routeKey: matched?.route.routeKey });
    return { ...response, headers: { ...response.headers, 'apigw-requestid': requestId } };
  };
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
