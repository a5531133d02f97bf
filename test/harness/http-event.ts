import { ROUTES, UNKNOWN_ROUTE } from '../../lambdas/api/routes.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** ARN of the caller who signed. Absent on public routes. */
  readonly caller?: string;
  /** Whether the gateway encodes the body, as it does when it does not know that the body is text: forms, not JSON. */
  readonly isBase64Encoded?: boolean;
}

/** Returns the route that the gateway chooses, with decoded path parameters. */
export function routeOf(method: string, path: string): { key: string; parameters: Record<string, string> } {
  for (const key of Object.keys(ROUTES)) {
    const [wanted, template = ''] = key.split(' ');
    const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const match = new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '([^/]+)')}$`).exec(path);
    if (wanted !== method || !match) continue;
    const values = match.slice(1).map(decodeURIComponent);
    return { key, parameters: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) };
  }
  return { key: UNKNOWN_ROUTE.key, parameters: {} };
}

/** Returns a request as API Gateway's HTTP APIs pass it to a function (payload format 2.0), with all fields. */
export function httpEvent(request: HttpRequest): Record<string, unknown> {
  const { method, path, query = {}, body, headers = {}, caller, isBase64Encoded = false } = request;
  const route = routeOf(method, path);
  const iam = caller && {
    accessKey: 'ASIAEXAMPLE',
    accountId: '111111111111',
    callerId: 'AROAEXAMPLE:jane',
    cognitoIdentity: null,
    principalOrgId: 'o-example',
    userArn: caller,
    userId: 'AROAEXAMPLE:jane',
  };
  return {
    version: '2.0',
    routeKey: route.key,
    rawPath: decodeURI(path),
    rawQueryString: new URLSearchParams(query).toString(),
    headers: { accept: '*/*', host: 'api.example.com', 'user-agent': 'test', ...headers },
    ...(Object.keys(query).length > 0 && { queryStringParameters: query }),
    requestContext: {
      accountId: '111111111111',
      apiId: 'api1234567',
      ...(iam && { authorizer: { iam } }),
      domainName: 'api.example.com',
      domainPrefix: 'api',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.7', userAgent: 'test' },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: route.key,
      stage: '$default',
      time: '23/Nov/2026:10:00:00 +0000',
      timeEpoch: 1795428000000,
    },
    ...(Object.keys(route.parameters).length > 0 && { pathParameters: route.parameters }),
    ...(body !== undefined && { body: isBase64Encoded ? Buffer.from(body).toString('base64') : body }),
    isBase64Encoded,
  };
}

/** The context that a function of the API gets in addition to the event. */
export const LAMBDA_CONTEXT = {
  functionName: 'stagegate-read',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:999999999999:function:stagegate-read',
  awsRequestId: 'f3b1c2d4-0000-4000-8000-000000000000',
  getRemainingTimeInMillis: () => 15_000,
};
