import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { parseProperties } from '../../assembly/properties.ts';
import type { Provisioner } from '../local-service.ts';
import {
  ApiProperties,
  IntegrationProperties,
  RouteProperties,
  type RouteSettings,
  StageProperties,
} from './api-properties.ts';
import { type ApiRoute, parseRouteKey } from './route-table.ts';
import { createThrottle, type Throttle } from './throttle.ts';

export interface Stage {
  readonly settings: z.infer<typeof StageProperties>;
  readonly throttles: Map<string, Throttle>;
}

/** The only HTTP API of the template, with the parts that have been created so far. */
export interface HttpApi {
  id?: string;
  stage?: Stage;
  readonly integrations: Map<string, { readonly functionArn: string; readonly timeoutMs: number }>;
  readonly routes: ApiRoute[];
}

export const emptyApi = (): HttpApi => ({ integrations: new Map(), routes: [] });

/** Makes the provisioners of an HTTP API; `endpoint` returns its address. */
export function apiProvisioners(api: HttpApi, endpoint: () => string): Record<string, Provisioner> {
  const requireApi = (id: string): void => {
    if (id !== api.id) throw new Error(`API ${id} does not exist`);
  };
  return {
    'AWS::ApiGatewayV2::Api'(resource) {
      parseProperties(resource, ApiProperties);
      if (api.id !== undefined) throw new Error('a second HTTP API is not supported by the local cloud');
      api.id = createHash('sha256').update(resource.generatedName).digest('hex').slice(0, 10);
      return { ref: api.id, attributes: { ApiId: api.id, ApiEndpoint: endpoint() } };
    },
    'AWS::ApiGatewayV2::Stage'(resource) {
      const settings = parseProperties(resource, StageProperties);
      requireApi(settings.ApiId);
      api.stage = { settings, throttles: new Map() };
      return { ref: settings.StageName, attributes: {} };
    },
    'AWS::ApiGatewayV2::Integration'(resource) {
      const integration = parseProperties(resource, IntegrationProperties);
      requireApi(integration.ApiId);
      const [functionArn] = /arn:aws:lambda:[^:]+:\d{12}:function:[^/:]+/.exec(integration.IntegrationUri) ?? [];
      if (functionArn === undefined) throw new Error(`IntegrationUri ${integration.IntegrationUri} names no function`);
      const id = createHash('sha256').update(resource.logicalId).digest('hex').slice(0, 7);
      api.integrations.set(id, { functionArn, timeoutMs: integration.TimeoutInMillis });
      return { ref: id, attributes: { IntegrationId: id } };
    },
    'AWS::ApiGatewayV2::Route'(resource) {
      const { ApiId, RouteKey, Target, AuthorizationType } = parseProperties(resource, RouteProperties);
      requireApi(ApiId);
      if (RouteKey !== '$default') parseRouteKey(RouteKey);
      const integration = api.integrations.get(Target.slice('integrations/'.length));
      if (!integration) throw new Error(`target ${Target} does not exist`);
      api.routes.push({ routeKey: RouteKey, requiresIam: AuthorizationType === 'AWS_IAM', ...integration });
      const id = createHash('sha256').update(RouteKey).digest('hex').slice(0, 7);
      return { ref: id, attributes: { RouteId: id } };
    },
  };
}

/** Returns whether the throttle of the route allows one more request, and counts the request. */
export function passesThrottle({ settings, throttles }: Stage, routeKey: string, at: Date): boolean {
  const own = settings.RouteSettings[routeKey];
  const key = own ? routeKey : '$default';
  const throttle = throttles.get(key) ?? throttleOf({ ...settings.DefaultRouteSettings, ...own });
  throttles.set(key, throttle);
  return throttle(at.getTime());
}

function throttleOf({ ThrottlingRateLimit, ThrottlingBurstLimit }: RouteSettings): Throttle {
  if (ThrottlingRateLimit === undefined || ThrottlingBurstLimit === undefined) return () => true;
  return createThrottle(ThrottlingRateLimit, ThrottlingBurstLimit);
}
