import { Duration, Stack } from 'aws-cdk-lib';
import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CfnStage,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type LogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ROUTES, UNKNOWN_ROUTE } from '../../lambdas/api/routes.ts';
import { metricNamespace } from '../../lambdas/domain/contract/installation.ts';
import type { FunctionName } from '../../lambdas/functions.ts';
import type { Config } from '../config.ts';
import type { Encryption } from './encryption.ts';
import { acknowledge } from './permissions.ts';

const ROUTE_LIST = Object.entries(ROUTES).map(([key, route]) => ({ key, ...route }));

export interface RestApiProps {
  readonly config: Config;
  readonly encryption: Encryption;
}

/** The HTTP API in front of the functions, made from the route table. */
export class RestApi extends Construct {
  readonly api: HttpApi;
  /** Counts deliveries that the webhook did not take in: those with 413, 429 and 5xx in the access log. */
  readonly refusedWebhooks: Metric;
  private readonly stage: CfnStage;

  constructor(scope: Construct, id: string, { config, encryption }: RestApiProps) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', {
      apiName: config.installation,
      description: 'Stagegate: releases, deployments and approvals',
      createDefaultStage: false,
    });
    const accessLogs = encryption.logGroup(this, 'AccessLogs', `/aws/vendedlogs/apis/${config.installation}`);
    this.refusedWebhooks = countRefusedWebhooks(accessLogs, metricNamespace(config.installation));
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      autoDeploy: true,
      throttle: { rateLimit: config.requestRate, burstLimit: config.requestBurst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLogs),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS)),
      },
    });
    const { defaultChild } = stage.node;
    if (!(defaultChild instanceof CfnStage)) throw new Error('making the API: the stage has no CfnStage');
    this.stage = defaultChild;
    this.stage.routeSettings = Object.fromEntries(
      [...ROUTE_LIST.filter(({ role }) => role === 'public'), UNKNOWN_ROUTE].map((route) => [
        route.key,
        throttleOf(config, route.function),
      ]),
    );
  }

  /** The address of the API, without a trailing slash. */
  get url(): string {
    return this.api.apiEndpoint;
  }

  /** Connects each route to its function. All routes except the public ones need an IAM signature. */
  serve(functionOf: (name: FunctionName) => IFunction): void {
    const integrations = new Map(
      [...new Set(ROUTE_LIST.map((route) => route.function))].map((name) => [
        name,
        // One permission per function for the whole API. The routes decide which paths reach the function.
        new HttpLambdaIntegration(name, functionOf(name), { scopePermissionToRoute: false }),
      ]),
    );
    for (const { key, role, function: name } of ROUTE_LIST) {
      const integration = integrations.get(name);
      const [method, path = ''] = key.split(' ');
      const httpMethod = Object.values(HttpMethod).find((known) => known === method);
      if (!httpMethod) throw new Error(`making route ${key}: API Gateway knows no method ${method}`);
      if (!integration) throw new Error(`making route ${key}: function ${name} has no integration`);
      const route = new HttpRoute(this.api, key.replaceAll(/[^A-Za-z]+/g, ''), {
        httpApi: this.api,
        routeKey: HttpRouteKey.with(path, httpMethod),
        integration,
        authorizer: role === 'public' ? new HttpNoneAuthorizer() : new HttpIamAuthorizer(),
      });
      if (role === 'public') this.open(route);
    }
    const openFunction = functionOf(UNKNOWN_ROUTE.function);
    const unknown = new HttpRoute(this.api, 'Unknown', {
      httpApi: this.api,
      routeKey: HttpRouteKey.DEFAULT,
      integration: integrations.get(UNKNOWN_ROUTE.function) ?? new HttpLambdaIntegration('Unknown', openFunction),
      authorizer: new HttpNoneAuthorizer(),
    });
    // The permission above is for `<stage>/<method>/<path>`; this route has neither method nor path.
    openFunction.addPermission('UnknownRoutes', {
      principal: new ServicePrincipal('apigateway.amazonaws.com'),
      sourceArn: Stack.of(this).formatArn({
        service: 'execute-api',
        resource: this.api.apiId,
        resourceName: `*/${UNKNOWN_ROUTE.key}`,
      }),
    });
    this.open(unknown);
  }

  /** Accepts that a route needs no signature, and throttles it on its own. */
  private open(route: HttpRoute): void {
    acknowledge(route, 'AwsSolutions-APIG4', PUBLIC_REASON);
    // The throttling of a route is a setting of the stage, which refuses settings of routes that do not exist yet.
    this.stage.node.addDependency(route);
  }

  /** Returns the ARN of the requests that match a route key. A path parameter becomes a wildcard. */
  requestsOf(key: string): string {
    const [method = '', path = ''] = key.split(' ');
    return Stack.of(this).formatArn({
      service: 'execute-api',
      resource: this.api.apiId,
      resourceName: `$default/${method}${path.replaceAll(/\{[^}]+\}/g, '*')}`,
    });
  }
}

function throttleOf(config: Config, name: FunctionName): object {
  switch (name) {
    case 'webhook':
      return { ThrottlingRateLimit: config.webhookRequestRate, ThrottlingBurstLimit: config.webhookRequestBurst };
    case 'approval-page':
      return { ThrottlingRateLimit: config.linkRequestRate, ThrottlingBurstLimit: config.linkRequestBurst };
    default:
      return { ThrottlingRateLimit: config.publicRequestRate, ThrottlingBurstLimit: config.publicRequestBurst };
  }
}

/**
 * Counts in the access log the deliveries that are lost: too large, throttled by API Gateway, or answered with 5xx by
 * API Gateway or the function. The API has no metric of its own for this: `4xx` also counts forged deliveries. Of very
 * many throttled requests API Gateway logs only some
 * (source: https://repost.aws/knowledge-center/api-gateway-missing-cloudwatch-logs).
 */
function countRefusedWebhooks(accessLogs: LogGroup, namespace: string): Metric {
  const route = FilterPattern.stringValue('$.routeKey', '=', 'POST /webhooks/github' satisfies keyof typeof ROUTES);
  const refused = ['413', '429', '5*'].map((status) => FilterPattern.stringValue('$.status', '=', status));
  return new MetricFilter(accessLogs, 'RefusedWebhooks', {
    logGroup: accessLogs,
    filterPattern: FilterPattern.all(route, FilterPattern.any(...refused)),
    metricNamespace: namespace,
    metricName: 'WebhooksRefused',
    metricValue: '1',
  }).metric({ statistic: 'Sum', period: Duration.minutes(5) });
}

const PUBLIC_REASON =
  'public on purpose: health, the API description and the answer to unknown paths tell nothing; an approval link is ' +
  'itself the credential, an HMAC that only the mail contains; a webhook is signed by its sender; throttled on its own';

/** Fields of the access log. The path may contain the secret of a link, so only the matched route is logged. */
const ACCESS_LOG_FIELDS = {
  requestId: AccessLogField.contextRequestId(),
  requestTime: AccessLogField.contextRequestTime(),
  sourceIp: AccessLogField.contextIdentitySourceIp(),
  caller: '$context.identity.userArn',
  routeKey: '$context.routeKey',
  status: AccessLogField.contextStatus(),
  responseLength: AccessLogField.contextResponseLength(),
  integrationLatency: '$context.integrationLatency',
  error: '$context.error.message',
};
