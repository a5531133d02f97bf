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
  /** By route key. */
  readonly routes: Map<string, { readonly requiresIam: boolean; readonly integrationId: string }>;
}

export const emptyApi = (): HttpApi => ({ integrations: new Map(), routes: new Map() });

/** Returns the routes with the functions that answer them. */
export const routesOf = ({ routes, integrations }: HttpApi): ApiRoute[] =>
  [...routes].flatMap(([routeKey, { requiresIam, integrationId }]) => {
    const integration = integrations.get(integrationId);
    return integration ? [{ routeKey, requiresIam, ...integration }] : [];
  });

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
      return { ref: settings.StageName, attributes: {}, remove: () => delete api.stage };
    },
    'AWS::ApiGatewayV2::Integration'(resource) {
      const integration = parseProperties(resource, IntegrationProperties);
      requireApi(integration.ApiId);
      const [functionArn] = /arn:aws:lambda:[^:]+:\d{12}:function:[^/:]+/.exec(integration.IntegrationUri) ?? [];
      if (functionArn === undefined) throw new Error(`IntegrationUri ${integration.IntegrationUri} names no function`);
      const id = createHash('sha256').update(resource.logicalId).digest('hex').slice(0, 7);
      api.integrations.set(id, { functionArn, timeoutMs: integration.TimeoutInMillis });
      return { ref: id, attributes: { IntegrationId: id }, remove: () => void api.integrations.delete(id) };
    },
    'AWS::ApiGatewayV2::Route'(resource) {
      const { ApiId, RouteKey, Target, AuthorizationType } = parseProperties(resource, RouteProperties);
      requireApi(ApiId);
      if (RouteKey !== '$default') parseRouteKey(RouteKey);
      const integrationId = Target.slice('integrations/'.length);
      if (!api.integrations.has(integrationId)) throw new Error(`target ${Target} does not exist`);
      if (api.routes.has(RouteKey)) throw new Error(`route ${RouteKey} exists already`);
      api.routes.set(RouteKey, { requiresIam: AuthorizationType === 'AWS_IAM', integrationId });
      const id = createHash('sha256').update(RouteKey).digest('hex').slice(0, 7);
      return { ref: id, attributes: { RouteId: id }, remove: () => void api.routes.delete(RouteKey) };
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
