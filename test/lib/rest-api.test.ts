import { describe, expect, test } from '@jest/globals';
import { ROUTES, UNKNOWN_ROUTE } from '../../lambdas/api/routes.ts';
import { flat, ofType, only, stagegate } from '../harness/synthesized.ts';

const template = stagegate();
const routes = ofType(template, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);
const stage = only(template, 'AWS::ApiGatewayV2::Stage').Properties;
const publicRoutes = Object.entries(ROUTES).flatMap(([key, { role }]) => (role === 'public' ? [key] : []));

describe('the API', () => {
  test('has the routes of the table', () => {
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual([...Object.keys(ROUTES), UNKNOWN_ROUTE.key].sort());
  });

  test('wants an IAM signature everywhere but on the public routes', () => {
    const open = routes.filter(({ AuthorizationType }) => AuthorizationType !== 'AWS_IAM');
    expect(open.map(({ RouteKey }) => RouteKey).sort()).toEqual([...publicRoutes, UNKNOWN_ROUTE.key].sort());
    expect(publicRoutes).toEqual([
      'GET /health',
      'GET /openapi.json',
      'GET /approvals/{token}',
      'POST /approvals/{token}',
      'POST /webhooks/github',
    ]);
  });

  test.each([...Object.entries(ROUTES), [UNKNOWN_ROUTE.key, UNKNOWN_ROUTE] as const])(
    '%s reaches its function',
    (key, route) => {
      const target = flat(routes.find(({ RouteKey }) => RouteKey === key)?.Target);
      const integration = template.Resources[/^integrations\/<(\w+)>$/.exec(target)?.[1] ?? '']?.Properties;
      expect(integration).toMatchObject({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' });
      const [functionId] = integration.IntegrationUri['Fn::GetAtt'];
      expect(template.Resources[functionId]?.Properties.FunctionName).toBe(`stagegate-${route.function}`);
    },
  );

  test('may invoke the functions behind it, and only for requests to it', () => {
    const permissions = ofType(template, 'AWS::Lambda::Permission')
      .map(([, { Properties }]) => Properties)
      .filter(({ Principal }) => Principal === 'apigateway.amazonaws.com');
    const functions = new Set(Object.values(ROUTES).map((route) => route.function));
    const scopes = permissions.map(({ SourceArn }) => flat(SourceArn).split('>/'));
    for (const [api] of scopes)
      expect(api).toMatch(/^arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<RestApi[0-9A-F]+$/);
    // API Gateway names requests of the default route without method and path.
    expect(scopes.map(([, scope]) => scope).sort()).toEqual(['*/$default', ...[...functions].map(() => '*/*/*')]);
  });

  test('is throttled, public routes each on their own', () => {
    expect(stage.DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 });
    const strict = { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 };
    const links = { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 40 };
    expect(stage.RouteSettings).toEqual({
      'GET /health': strict,
      'GET /openapi.json': strict,
      $default: strict,
      'GET /approvals/{token}': links,
      'POST /approvals/{token}': links,
      'POST /webhooks/github': { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 200 },
    });
  });

  test('reserves concurrency for links only where that is configured: a new account has none to give', () => {
    const reservedOf = (configuration = {}) =>
      ofType(stagegate(configuration), 'AWS::Lambda::Function').flatMap(
        ([, { Properties }]) => Properties.ReservedConcurrentExecutions ?? [],
      );
    expect(reservedOf()).toEqual([]);
    expect(reservedOf({ linkConcurrency: '20' })).toEqual([20]);
  });

  test('counts deliveries that were not taken in', () => {
    const { Properties } = only(template, 'AWS::Logs::MetricFilter');
    expect(flat(stage.AccessLogSettings.DestinationArn)).toContain(Properties.LogGroupName.Ref);
    expect(Properties.FilterPattern).toBe(
      '{ ($.routeKey = "POST /webhooks/github") && (($.status = "413") || ($.status = "429") || ($.status = "5*")) }',
    );
    const alarm = ofType(template, 'AWS::CloudWatch::Alarm').find(
      ([, each]) => each.Properties.AlarmName === 'stagegate-WebhooksRefused',
    )?.[1].Properties;
    const [metric] = Properties.MetricTransformations;
    expect(metric).toEqual({ MetricNamespace: 'Stagegate', MetricName: 'WebhooksRefused', MetricValue: '1' });
    expect(alarm).toMatchObject({ Namespace: metric.MetricNamespace, MetricName: metric.MetricName, Threshold: 1 });
    expect(alarm.Dimensions).toBeUndefined();
  });

  test('is throttled as configured', () => {
    const configured = only(
      stagegate({ publicRequestRate: '2', requestBurst: 7, webhookRequestBurst: 500, linkRequestRate: 3 }),
      'AWS::ApiGatewayV2::Stage',
    );
    expect(configured.Properties.DefaultRouteSettings.ThrottlingBurstLimit).toBe(7);
    const { RouteSettings } = configured.Properties;
    expect(RouteSettings['GET /health'].ThrottlingRateLimit).toBe(2);
    expect(RouteSettings['POST /webhooks/github'].ThrottlingBurstLimit).toBe(500);
    expect(RouteSettings['GET /approvals/{token}'].ThrottlingRateLimit).toBe(3);
  });

  test('makes routes before the stage that throttles them', () => {
    const needed = new Set(only(template, 'AWS::ApiGatewayV2::Stage').DependsOn);
    const throttled = ofType(template, 'AWS::ApiGatewayV2::Route').filter(([, { Properties }]) =>
      [...publicRoutes, UNKNOWN_ROUTE.key].includes(Properties.RouteKey),
    );
    for (const [id] of throttled) expect(needed).toContain(id);
  });

  test('logs which route was asked for, never the path, which may hold the secret of a link', () => {
    const format: string = stage.AccessLogSettings.Format;
    expect(JSON.parse(format)).toMatchObject({ requestId: '$context.requestId', routeKey: '$context.routeKey' });
    expect(format).not.toMatch(/path|resourcePath|requestOverride|protocol|\$context\.authorizer/i);
  });
});
