import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createEvent } from '../../../local/services/api-gateway/payload.ts';
import { matchRoute } from '../../../local/services/api-gateway/route-table.ts';
import { createThrottle } from '../../../local/services/api-gateway/throttle.ts';
import { ACCOUNT, type CoreCloud, functionRole, lambdaFunction, openCoreCloud } from '../core-cloud.ts';
import { signedFetch } from '../signed-fetch.ts';

const handlers = {
  mirror: `export const handler = async (event) => event;`,
  answers: `export const handler = async ({ rawPath }) => {
    if (rawPath === '/answers/full') return { statusCode: 201, headers: { 'X-One': '1', 'content-type': 'text/html' }, cookies: ['a=1', 'b=2; HttpOnly'], body: '<p>' };
    if (rawPath === '/answers/binary') return { statusCode: 200, headers: { 'content-type': 'image/png' }, body: Buffer.from([1, 2, 255]).toString('base64'), isBase64Encoded: true };
    if (rawPath === '/answers/plain') return { statusCode: 200, body: 'text' };
    if (rawPath === '/answers/empty') return { statusCode: 204 };
    if (rawPath === '/answers/text') return 'just text';
    if (rawPath === '/answers/malformed') return { statusCode: 'teapot' };
    if (rawPath === '/answers/throws') throw new Error('inside');
    return new Promise((resolve) => setTimeout(resolve, 1_500));
  };`,
  late: `await new Promise((resolve) => setTimeout(resolve, 1_500)); export const handler = async () => 'loaded';`,
};

const route = (RouteKey: string, integration: string, more: Record<string, unknown> = {}) => ({
  Type: 'AWS::ApiGatewayV2::Route',
  Properties: {
    ApiId: { Ref: 'Api' },
    RouteKey,
    Target: { 'Fn::Join': ['/', ['integrations', { Ref: integration }]] },
    ...more,
  },
});
const integration = (functionId: string, more: Record<string, unknown> = {}) => ({
  Type: 'AWS::ApiGatewayV2::Integration',
  Properties: {
    ApiId: { Ref: 'Api' },
    IntegrationType: 'AWS_PROXY',
    IntegrationUri: { 'Fn::GetAtt': [functionId, 'Arn'] },
    PayloadFormatVersion: '2.0',
    ...more,
  },
});
const permission = (functionId: string, path: string) => ({
  Type: 'AWS::Lambda::Permission',
  Properties: {
    Action: 'lambda:InvokeFunction',
    FunctionName: { 'Fn::GetAtt': [functionId, 'Arn'] },
    Principal: 'apigateway.amazonaws.com',
    SourceArn: {
      'Fn::Join': [
        '',
        [
          'arn:',
          { Ref: 'AWS::Partition' },
          ':execute-api:',
          { Ref: 'AWS::Region' },
          ':',
          { Ref: 'AWS::AccountId' },
          ':',
          { Ref: 'Api' },
          `/*/*${path}`,
        ],
      ],
    },
  },
});

const resources = {
  Role: functionRole(),
  Mirror: lambdaFunction('mirror'),
  Answers: lambdaFunction('answers'),
  Late: lambdaFunction('late', { ReservedConcurrentExecutions: 1 }),
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
  AccessLogs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/api/access' } },
  Stage: {
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: {
      ApiId: { Ref: 'Api' },
      StageName: '$default',
      AutoDeploy: true,
      AccessLogSettings: {
        DestinationArn: { 'Fn::GetAtt': ['AccessLogs', 'Arn'] },
        Format: '{"route":"$context.routeKey","status":"$context.status","err":"$context.error.message"}',
      },
      DefaultRouteSettings: { ThrottlingBurstLimit: 1000, ThrottlingRateLimit: 1000 },
      RouteSettings: { 'GET /limited': { ThrottlingBurstLimit: 2, ThrottlingRateLimit: 0.001 } },
    },
  },
  MirrorIntegration: integration('Mirror'),
  AnswersIntegration: integration('Answers'),
  SlowIntegration: integration('Answers', { TimeoutInMillis: 1000 }),
  Get: route('GET /things/{id}', 'MirrorIntegration'),
  Post: route('POST /things', 'MirrorIntegration'),
  Files: route('ANY /files/{path+}', 'MirrorIntegration'),
  Limited: route('GET /limited', 'MirrorIntegration'),
  Answer: route('GET /answers/{kind}', 'AnswersIntegration'),
  LateIntegration: integration('Late', { TimeoutInMillis: 1000 }),
  LateRoute: route('GET /late', 'LateIntegration'),
  Slow: route('GET /answers/slow', 'SlowIntegration'),
  Secured: route('POST /secured', 'MirrorIntegration', { AuthorizationType: 'AWS_IAM' }),
  SecuredItem: route('GET /secured/{id}', 'MirrorIntegration', { AuthorizationType: 'AWS_IAM' }),
  Forgotten: route('GET /forgotten', 'MirrorIntegration'),
  P1: permission('Mirror', '/things/{id}'),
  P2: permission('Mirror', '/things'),
  P3: permission('Mirror', '/files/{path+}'),
  P4: permission('Mirror', '/limited'),
  P5: permission('Answers', '/answers/{kind}'),
  P6: permission('Mirror', '/secured'),
  P7: permission('Mirror', '/secured/{id}'),
  P8: permission('Answers', '/answers/slow'),
  P9: permission('Late', '/late'),
};

interface Event {
  readonly [key: string]: unknown;
  readonly headers: Record<string, string>;
  readonly requestContext: { authorizer?: { iam: { userArn: string } }; [key: string]: unknown };
}

describe('the HTTP API', () => {
  let cloud: CoreCloud;
  const call = (path: string, init?: RequestInit) => fetch(`${cloud.url}${path}`, init);
  const eventOf = async (path: string, init?: RequestInit): Promise<Event> => {
    const response = await call(path, init);
    expect(response.status).toBe(200);
    return (await response.json()) as Event;
  };
  /** Sends exactly the given headers, while fetch adds some of its own. */
  const raw = (path: string, headers: Record<string, string | string[]>, method = 'GET', body?: string) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const outgoing = httpRequest(`${cloud.url}${path}`, { method, headers }, (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode, body: text }));
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });

  beforeAll(async () => {
    cloud = await openCoreCloud({
      handlers,
      resources,
      localRoutes: {
        '/local/page': () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: 'page' }),
        '/local/tree/': ({ path }) => ({ status: 200, headers: {}, body: path }),
      },
    });
    // Loading a function is the slow part of its first answer, and the gateway waits no longer than on AWS.
    await cloud.lambda.warm(['mirror', 'answers']);
  });
  afterAll(() => cloud.stop());

  test('hands a request on in payload format 2.0', async () => {
    const event = await eventOf('/things/a%20b?x=1&x=2&y=a%2Bb&z=', {
      headers: { 'User-Agent': 'tester', 'X-Custom': 'One' },
    });
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'GET /things/{id}',
      rawPath: '/things/a b',
      rawQueryString: 'x=1&x=2&y=a%2Bb&z=',
      queryStringParameters: { x: '1,2', y: 'a+b', z: '' },
      pathParameters: { id: 'a b' },
      headers: {
        'x-custom': 'One',
        'user-agent': 'tester',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
      },
      requestContext: {
        accountId: 'anonymous',
        apiId: cloud.stack.resources.get('Api')?.ref,
        domainName: cloud.url.slice('http://'.length),
        http: { method: 'GET', path: '/things/a b', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'tester' },
        requestId: expect.any(String),
        routeKey: 'GET /things/{id}',
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
      isBase64Encoded: false,
    });
    expect(event.requestContext.authorizer).toBeUndefined();
    for (const absent of ['body', 'cookies', 'stageVariables']) expect(event).not.toHaveProperty(absent);
  });

  test('parameters that are not there are left out', async () => {
    const event = await eventOf('/things', { method: 'POST' });
    expect(event.rawQueryString).toBe('');
    for (const absent of ['queryStringParameters', 'pathParameters', 'body']) expect(event).not.toHaveProperty(absent);
  });

  test('repeated headers are joined by commas, cookies stand apart', async () => {
    const { body } = await raw('/things/1', { 'X-Many': ['a', 'b'], Cookie: 'one=1; two=2' });
    const event = JSON.parse(body) as Event;
    expect(event.headers['x-many']).toBe('a,b');
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event.cookies).toEqual(['one=1', 'two=2']);
  });

  test.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['text/plain', false],
    ['application/xml', false],
    ['application/x-www-form-urlencoded', true],
    ['application/problem+json', true],
    ['application/octet-stream', true],
    [undefined, true],
  ])('a body of type %s arrives as base64: %s', async (contentType, isBase64Encoded) => {
    const { body } = await raw(
      '/things',
      contentType ? { 'Content-Type': contentType } : {},
      'POST',
      'decision=approve&ü',
    );
    const event = JSON.parse(body) as Event;
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(String(event.body), isBase64Encoded ? 'base64' : 'utf8').toString('utf8')).toBe(
      'decision=approve&ü',
    );
  });

  test('greedy parameters take the rest of the path, for any method', async () => {
    expect(await eventOf('/files/a/b/c.txt', { method: 'DELETE' })).toMatchObject({
      routeKey: 'ANY /files/{path+}',
      pathParameters: { path: 'a/b/c.txt' },
    });
  });

  test.each([
    ['GET', '/nowhere'],
    ['GET', '/things'],
    ['GET', '/things/'],
    ['GET', '/things/a/b'],
    ['DELETE', '/things/1'],
  ])('%s %s is the 404 of the gateway', async (method, path) => {
    const response = await call(path, { method });
    expect({
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.json(),
    }).toEqual({
      status: 404,
      type: 'application/json',
      body: { message: 'Not Found' },
    });
  });

  test('HEAD is not GET', async () => {
    const response = await call('/things/1', { method: 'HEAD' });
    expect({
      status: response.status,
      length: response.headers.get('content-length'),
      body: await response.text(),
    }).toEqual({
      status: 404,
      length: '23',
      body: '',
    });
  });

  test('a full answer keeps status, headers, cookies and body', async () => {
    const response = await call('/answers/full');
    expect({
      status: response.status,
      one: response.headers.get('x-one'),
      type: response.headers.get('content-type'),
      cookies: response.headers.getSetCookie(),
      body: await response.text(),
    }).toEqual({ status: 201, one: '1', type: 'text/html', cookies: ['a=1', 'b=2; HttpOnly'], body: '<p>' });
  });

  test('a binary answer is decoded', async () => {
    expect([...new Uint8Array(await (await call('/answers/binary')).arrayBuffer())]).toEqual([1, 2, 255]);
  });

  test.each([
    ['plain', 200, 'text/plain;charset=UTF-8', 'text'],
    ['empty', 204, 'text/plain;charset=UTF-8', ''],
    ['text', 200, 'application/json', '"just text"'],
    ['malformed', 500, 'application/json', '{"message":"Internal Server Error"}'],
    ['throws', 500, 'application/json', '{"message":"Internal Server Error"}'],
    ['slow', 503, 'application/json', '{"message":"Service Unavailable"}'],
  ])('an answer that is %s becomes %i', async (kind, status, type, body) => {
    const response = await call(`/answers/${kind}`);
    expect({
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.text(),
    }).toEqual({ status, type, body });
  });

  test('neither the loading of a function nor waiting for it counts as its time', async () => {
    const answers = await Promise.all([call('/late'), call('/late')]);
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['"loaded"', '"loaded"']);
  });

  test('a function without a permission for the route is not called', async () => {
    const response = await call('/forgotten');
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 500,
      body: { message: 'Internal Server Error' },
    });
    expect(cloud.events.map(({ fields }) => String(fields?.reason))).toContainEqual(
      expect.stringMatching(/^User: apigateway.amazonaws.com is not authorized to perform: lambda:InvokeFunction/),
    );
  });

  test('the throttle of a route answers 429', async () => {
    const statuses = [];
    for (const _ of [1, 2, 3]) statuses.push((await call('/limited')).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(await (await call('/limited')).json()).toEqual({ message: 'Too Many Requests' });
    expect((await call('/things/1')).status).toBe(200);
    const logged = cloud.logs.read('/api/access').map(({ message }) => message);
    expect(logged.filter((line) => line.includes('GET /limited'))).toEqual([
      ...[200, 200, 429, 429].map((status) => `{"route":"GET /limited","status":"${status}","err":"-"}`),
    ]);
  });

  test('more than 10 MB is refused', async () => {
    const response = await call('/things', { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1) }).catch(
      () => undefined,
    );
    // The gateway may close the connection while the client is still sending; then the client gets no answer.
    expect([413, undefined]).toContain(response?.status);
    const small = await call('/things', { method: 'POST', body: 'x' });
    expect(small.status).toBe(200);
  });

  test('an unsigned request acts as the principal it names, whom only the gateway reads', async () => {
    const named = await eventOf('/secured', {
      method: 'POST',
      headers: { 'X-Local-Principal': 'arn:aws:iam::1:role/ann@acme.example' },
    });
    expect(named.requestContext.authorizer?.iam.userArn).toBe('arn:aws:iam::1:role/ann@acme.example');
    expect(named.headers).not.toHaveProperty('x-local-principal');
    const unnamed = await eventOf('/secured', { method: 'POST' });
    expect(unnamed.requestContext.authorizer?.iam.userArn).toBe('admin@local');
    const open = await eventOf('/things/1', { headers: { 'x-local-principal': 'ann' } });
    expect(open.requestContext.authorizer).toBeUndefined();
    expect(open.headers).not.toHaveProperty('x-local-principal');
  });

  test('a signed request is judged by execute-api:Invoke', async () => {
    const signed = (credentials: unknown, path: string, method = 'GET') =>
      signedFetch(`${cloud.url}${path}`, {
        service: 'execute-api',
        region: 'eu-west-1',
        credentials: credentials as { accessKeyId: string; secretAccessKey: string },
        method,
        headers: { 'x-local-principal': 'someone-else' },
      });
    const { credentials } = await cloud.clientOf([
      {
        Effect: 'Allow',
        Action: 'execute-api:Invoke',
        Resource: `arn:aws:execute-api:eu-west-1:${ACCOUNT}:*/*/GET/secured/*`,
      },
    ]);
    const allowed = await signed(credentials, '/secured/a%40b?x=1');
    expect(allowed.status).toBe(200);
    const event = (await allowed.json()) as Event;
    expect(event.requestContext).toMatchObject({
      accountId: ACCOUNT,
      authorizer: {
        iam: {
          accountId: ACCOUNT,
          accessKey: credentials.accessKeyId,
          userArn: expect.stringContaining(':assumed-role/test-'),
        },
      },
    });
    const refused = await signed(credentials, '/secured', 'POST');
    expect({ status: refused.status, body: await refused.json() }).toEqual({
      status: 403,
      body: { message: 'Forbidden' },
    });
    const forged = await signed({ ...credentials, secretAccessKey: 'guessed' }, '/secured/1');
    expect(forged.status).toBe(403);
    expect((await signed(cloud.operator.credentials, '/secured', 'POST')).status).toBe(200);
  });

  test('a web site cannot act as the administrator', async () => {
    const host = cloud.url.slice('http://'.length);
    const statusOf = async (headers: Record<string, string>) => (await raw('/secured', headers, 'POST')).status;
    expect(await statusOf({ host, 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await statusOf({ host, 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await statusOf({ host: 'rebound.example' })).toBe(403);
    expect(await statusOf({ host, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect((await raw('/local/page', { host: 'rebound.example' })).status).toBe(403);
  });

  test('paths below /local/ belong to the local cloud', async () => {
    expect(await (await call('/local/page')).text()).toBe('page');
    expect(await (await call('/local/tree/a/b')).text()).toBe('/local/tree/a/b');
    expect((await call('/local/nothing')).status).toBe(404);
  });

  test('access logs follow the format of the stage', async () => {
    await call('/nowhere');
    await call('/things/7');
    const lines = cloud.logs.read('/api/access').map(({ message }) => message);
    expect(lines.slice(-2)).toEqual([
      '{"route":"-","status":"404","err":"-"}',
      '{"route":"GET /things/{id}","status":"200","err":"-"}',
    ]);
  });
});

describe('choosing a route', () => {
  const routes = ['GET /a/{x}', 'GET /a/b', 'ANY /a/b', 'ANY /a/{proxy+}', 'GET /a/{x}/c', '$default'].map(
    (routeKey) => ({
      routeKey,
      functionArn: '',
      requiresIam: false,
      timeoutMs: 1,
    }),
  );
  test.each([
    ['GET', '/a/b', 'GET /a/b'],
    ['POST', '/a/b', 'ANY /a/b'],
    ['GET', '/a/z', 'GET /a/{x}'],
    ['POST', '/a/z', 'ANY /a/{proxy+}'],
    ['GET', '/a/z/c', 'GET /a/{x}/c'],
    ['GET', '/a/z/d', 'ANY /a/{proxy+}'],
    ['GET', '/else', '$default'],
    ['GET', '/a/', '$default'],
  ])('%s %s goes to %s', (method, path, expected) => {
    expect(matchRoute(routes, method, path)?.route.routeKey).toBe(expected);
  });
});

describe('the token bucket', () => {
  test('lets a burst pass and then refills at its rate', () => {
    const throttle = createThrottle(2, 3);
    const at = (now: number) => throttle(now);
    expect([0, 0, 0, 0, 499, 500, 500, 10_000].map(at)).toEqual([true, true, true, false, false, true, false, true]);
  });
});

describe('an event', () => {
  test('has the cookies of one header, trimmed', () => {
    const event = createEvent({
      request: {
        method: 'GET',
        path: '/',
        query: new URLSearchParams(),
        headers: { cookie: ' a=1;b=2 ; ' },
        body: Buffer.alloc(0),
      },
      rawQueryString: '',
      routeKey: '$default',
      path: '/',
      pathParameters: {},
      accountId: ACCOUNT,
      apiId: 'x',
      requestId: 'r',
      at: new Date('2026-11-23T10:03:00Z'),
      port: 1,
      iam: undefined,
    });
    expect(event).toMatchObject({
      cookies: ['a=1', 'b=2'],
      requestContext: { time: '23/Nov/2026:10:03:00 +0000', timeEpoch: 1_795_428_180_000 },
    });
  });
});
