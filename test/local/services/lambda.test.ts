import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createJsonProtocol } from '../../../local/door/json-protocol.ts';
import type { AwsService } from '../../../local/door/wire.ts';
import { type CoreCloud, functionRole, lambdaFunction, openCoreCloud } from '../core-cloud.ts';
import { signedFetch } from '../signed-fetch.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const handlers = {
  echo: `export const handler = async (event, context) => ({ event, name: context.functionName, id: context.awsRequestId, left: context.getRemainingTimeInMillis() > 0 });`,
  environment: `export const handler = async () => ({ ...process.env });`,
  throws: `export const handler = async () => { console.log('before'); throw Object.assign(new Error('no such thing'), { name: 'NoSuchThing' }); };`,
  throwsText: `export const handler = async () => { throw 'just text'; };`,
  sleeps: `export const handler = () => new Promise(() => {});`,
  spins: `export const handler = async () => { for (;;); };`,
  exits: `export const handler = async () => { process.exit(7); };`,
  rejects: `export const handler = async () => { Promise.reject(new TypeError('forgotten')); await new Promise(() => {}); };`,
  hungry: `export const handler = async () => { const all = []; for (;;) all.push(new Array(100_000).fill({})); };`,
  large: `export const handler = async () => 'x'.repeat(6_300_000);`,
  callback: `export const handler = (event, context, callback) => callback(null, 1);`,
  broken: `throw new Error('at the top level');`,
  counts: `let count = 0; export const handler = async () => { count += 1; await new Promise((resolve) => setTimeout(resolve, 100)); return count; };`,
  loads: `console.log('loaded'); export const handler = async () => 'answer';`,
  http: `import http, { request } from 'node:http';
    const isFetchLoaded = () => process.moduleLoadList.some((name) => name.includes('undici'));
    export const handler = async () => [isFetchLoaded(), typeof request, typeof http.WebSocket, isFetchLoaded()];`,
  fails: `export const handler = async (event) => { console.error('attempt', event.id); throw new Error('always'); };`,
  floating: `import { KMSClient, DescribeKeyCommand } from '@aws-sdk/client-kms';
    import { existsSync } from 'node:fs';
    const kms = new KMSClient({ maxAttempts: 1 });
    const call = () => kms.send(new DescribeKeyCommand({ KeyId: 'none' })).catch((error) => error.name);
    export const handler = async ({ release }) => {
      if (!release) return call();
      const timer = setInterval(() => {
        if (!existsSync(release)) return;
        clearInterval(timer);
        call().then((name) => console.log('LATE', name));
      }, 10);
      return 'early';
    };`,
};

const fakeQueue = (): { service: AwsService; messages: unknown[] } => {
  const messages: unknown[] = [];
  return {
    messages,
    service: {
      signingName: 'sqs',
      protocol: createJsonProtocol({ targetPrefix: 'AmazonSQS', version: '1.0' }),
      operations: {
        SendMessage: {
          permissions: () => [{ action: 'sqs:SendMessage', resources: ['arn:aws:sqs:eu-west-1:000000000000:dead'] }],
          perform: async (input) => void messages.push(input),
        },
      },
    },
  };
};

describe('Lambda', () => {
  const queue = fakeQueue();
  let cloud: CoreCloud;

  beforeAll(async () => {
    cloud = await openCoreCloud({
      handlers,
      extraServices: [queue.service],
      resources: {
        Role: functionRole(
          { Effect: 'Allow', Action: 'kms:DescribeKey', Resource: '*' },
          { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: 'arn:aws:sqs:*:*:dead' },
        ),
        Echo: lambdaFunction('echo'),
        Environment: lambdaFunction('environment', {
          Environment: { Variables: { TABLE: { Ref: 'Role' }, LEVEL: 'INFO' } },
        }),
        Throws: lambdaFunction('throws'),
        ThrowsText: lambdaFunction('throwsText'),
        Sleeps: lambdaFunction('sleeps', { Timeout: 1 }),
        Spins: lambdaFunction('spins', { Timeout: 1 }),
        Exits: lambdaFunction('exits'),
        Rejects: lambdaFunction('rejects'),
        // Filling its memory needs processor time, which is scarce on a busy machine.
        Hungry: lambdaFunction('hungry', { Timeout: 300 }),
        Large: lambdaFunction('large'),
        Callback: lambdaFunction('callback'),
        Broken: lambdaFunction('broken'),
        Counts: lambdaFunction('counts'),
        Single: lambdaFunction('counts', { FunctionName: 'single', ReservedConcurrentExecutions: 1 }),
        Fails: lambdaFunction('fails', { DeadLetterConfig: { TargetArn: 'arn:aws:sqs:eu-west-1:000000000000:dead' } }),
        FailsConfig: {
          Type: 'AWS::Lambda::EventInvokeConfig',
          Properties: { FunctionName: { Ref: 'Fails' }, Qualifier: '$LATEST', MaximumRetryAttempts: 1 },
        },
        Floating: lambdaFunction('floating'),
        Loads: lambdaFunction('loads'),
        Http: lambdaFunction('http'),
      },
    });
  });
  afterAll(() => cloud.stop());

  test('runs the handler of the bundle with event and context', async () => {
    const { payload } = await cloud.invoke('echo', { a: 1 });
    expect(payload).toEqual({
      event: { a: 1 },
      name: 'echo',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      left: true,
    });
  });

  test('an invocation takes the environment that is being warmed, and warming leaves it alone', async () => {
    const warmed = cloud.lambda.warm(['loads']);
    const { payload } = await cloud.invoke('loads');
    await warmed;
    await cloud.lambda.warm(['loads']);
    expect(payload).toBe('answer');
    expect(cloud.logs.read('/aws/lambda/loads').filter(({ message }) => message === 'loaded')).toHaveLength(1);
  });

  test('node:http is whole, and loads what it has of fetch only when that is asked for', async () => {
    expect((await cloud.invoke('http')).payload).toEqual([false, 'function', 'function', true]);
  });

  test('a function sees the variables of the template and those of Lambda, and nothing of the host', async () => {
    process.env.STAGEGATE_TEST_SECRET = 'of the host';
    const { payload } = await cloud.invoke('environment');
    const variables = payload as Record<string, string>;
    expect(Object.keys(variables).sort()).toEqual([
      'AWS_ACCESS_KEY_ID',
      'AWS_CONFIG_FILE',
      'AWS_DEFAULT_REGION',
      'AWS_ENDPOINT_URL',
      'AWS_EXECUTION_ENV',
      'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
      'AWS_LAMBDA_FUNCTION_NAME',
      'AWS_LAMBDA_FUNCTION_VERSION',
      'AWS_LAMBDA_INITIALIZATION_TYPE',
      'AWS_LAMBDA_LOG_GROUP_NAME',
      'AWS_LAMBDA_LOG_STREAM_NAME',
      'AWS_REGION',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'AWS_SHARED_CREDENTIALS_FILE',
      'LAMBDA_TASK_ROOT',
      'LANG',
      'LEVEL',
      'PATH',
      'TABLE',
      'TZ',
      '_HANDLER',
    ]);
    expect(variables).toMatchObject({
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: cloud.operator.endpoint,
      AWS_LAMBDA_FUNCTION_NAME: 'environment',
      AWS_CONFIG_FILE: '/dev/null',
      LEVEL: 'INFO',
      _HANDLER: 'index.handler',
    });
    expect(variables.AWS_ACCESS_KEY_ID).toMatch(/^[A-Z0-9]{20}$/);
  });

  test.each([
    [
      'throws',
      {
        errorType: 'NoSuchThing',
        errorMessage: 'no such thing',
        trace: expect.arrayContaining([expect.stringContaining('NoSuchThing')]),
      },
    ],
    ['throwsText', { errorType: 'string', errorMessage: 'just text', trace: [] }],
    [
      'sleeps',
      {
        errorType: 'Sandbox.Timedout',
        errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Task timed out after 1.00 seconds$/),
        trace: [],
      },
    ],
    ['spins', { errorType: 'Sandbox.Timedout', errorMessage: expect.stringContaining('Task timed out'), trace: [] }],
    [
      'exits',
      {
        errorType: 'Runtime.ExitError',
        errorMessage: expect.stringContaining('Runtime exited with error: exit status 7'),
        trace: [],
      },
    ],
    [
      'rejects',
      {
        errorType: 'Runtime.UnhandledPromiseRejection',
        errorMessage: 'TypeError: forgotten',
        trace: expect.any(Array),
      },
    ],
    ['hungry', { errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('signal: killed'), trace: [] }],
    [
      'large',
      { errorType: 'Function.ResponseSizeTooLarge', errorMessage: expect.stringContaining('6291556 bytes'), trace: [] },
    ],
    [
      'callback',
      { errorType: 'Runtime.CallbackHandlerDeprecated', errorMessage: expect.any(String), trace: expect.any(Array) },
    ],
    ['broken', { errorType: 'Error', errorMessage: 'at the top level', trace: expect.any(Array) }],
  ])('reports how %s fails as Lambda does', async (name, expected) => {
    const { error, payload } = await cloud.invoke(name);
    expect({ error, payload }).toEqual({ error: 'Unhandled', payload: expected });
  });

  test('a function works again after it was killed', async () => {
    await cloud.invoke('exits');
    expect((await cloud.invoke('exits')).payload).toMatchObject({
      errorMessage: expect.stringContaining('exit status 7'),
    });
  });

  test('an idle environment is used again; concurrent invocations get their own', async () => {
    const first = await Promise.all([cloud.invoke('counts'), cloud.invoke('counts')]);
    expect(first.map(({ payload }) => payload)).toEqual([1, 1]);
    expect((await cloud.invoke('counts')).payload).toBe(2);
  });

  test('invocations beyond the cap queue', async () => {
    const all = await Promise.all([cloud.invoke('single'), cloud.invoke('single'), cloud.invoke('single')]);
    expect(all.map(({ payload }) => payload)).toEqual([1, 2, 3]);
  });

  test('what a function writes is in its log group', async () => {
    await cloud.invoke('throws');
    expect(cloud.logs.read('/aws/lambda/throws').map(({ message }) => message)).toContain('before');
  });

  test('a failing event is tried again and then given to the dead-letter queue', async () => {
    const { payload } = await cloud.invoke('fails', { id: 'e1' }, 'Event');
    expect(payload).toBeUndefined();
    expect(cloud.lambda.pendingEvents()).toBeGreaterThan(0);
    while (queue.messages.length === 0) await delay(20);
    while (cloud.lambda.pendingEvents() > 0) await delay(20);
    const attempts = cloud.logs.read('/aws/lambda/fails').filter(({ message }) => message === 'attempt e1');
    expect(attempts).toHaveLength(2);
    expect(queue.messages).toEqual([
      {
        QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/000000000000/dead',
        MessageBody: '{"id":"e1"}',
        MessageAttributes: {
          RequestID: { DataType: 'String', StringValue: expect.any(String) },
          ErrorCode: { DataType: 'Number', StringValue: '200' },
          ErrorMessage: { DataType: 'String', StringValue: expect.stringContaining('always') },
        },
      },
    ]);
  });

  test('a call within an invocation passes, one after it fails the run', async () => {
    expect((await cloud.invoke('floating')).payload).toBe('NotFoundException');
    expect(cloud.violations).toEqual([]);
    const release = join(temporaryDirectory(), 'release');
    expect((await cloud.invoke('floating', { release })).payload).toBe('early');
    writeFileSync(release, '');
    const lines = () => cloud.logs.read('/aws/lambda/floating').map(({ message }) => message);
    while (!lines().some((line) => line.startsWith('LATE'))) await delay(20);
    expect(lines()).toContain('LATE CallOutsideInvocation');
    expect(cloud.violations).toEqual([
      expect.stringContaining('function floating made an AWS call outside of its invocations'),
    ]);
  });

  test('invoking needs lambda:InvokeFunction on that function', async () => {
    const caller = cloud.callerOf([
      {
        Effect: 'Allow',
        Action: 'lambda:InvokeFunction',
        Resource: '*:function:other'.replace('*', 'arn:aws:lambda:*:*'),
      },
    ]);
    await expect(cloud.door.call(caller, 'lambda', 'Invoke', { FunctionName: 'echo' })).rejects.toMatchObject({
      code: 'AccessDeniedException',
      status: 403,
      message: expect.stringContaining(
        'lambda:InvokeFunction on resource: arn:aws:lambda:eu-west-1:000000000000:function:echo',
      ),
    });
  });

  test('the REST protocol answers signed invocations', async () => {
    const invoke = (name: string, headers: Record<string, string> = {}) =>
      signedFetch(`${cloud.operator.endpoint}/2015-03-31/functions/${name}/invocations`, {
        ...cloud.operator,
        service: 'lambda',
        method: 'POST',
        headers,
        body: '{"x":1}',
      });
    const answer = await invoke('echo');
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 200,
      body: { event: { x: 1 } },
    });
    const failed = await invoke('throws');
    expect({ status: failed.status, error: failed.headers.get('x-amz-function-error') }).toEqual({
      status: 200,
      error: 'Unhandled',
    });
    const unknown = await invoke('nobody');
    expect({ status: unknown.status, error: unknown.headers.get('x-amzn-errortype') }).toEqual({
      status: 404,
      error: 'ResourceNotFoundException',
    });
    expect((await invoke('echo', { 'x-amz-invocation-type': 'Event' })).status).toBe(202);
  });
});

test('an invocation that queues when the cloud ends is told so, and starts no thread that nobody would end', async () => {
  const waits = `console.log('loaded'); export const handler = async () => new Promise(() => setInterval(() => {}, 1000));`;
  const cloud = await openCoreCloud({
    handlers: { waits },
    resources: { Role: functionRole(), Waits: lambdaFunction('waits', { ReservedConcurrentExecutions: 1 }) },
  });
  const starts = () => cloud.logs.read('/aws/lambda/waits').filter(({ message }) => message === 'loaded').length;
  const invocations = [cloud.invoke('waits'), cloud.invoke('waits')];
  while (starts() === 0) await delay(20);
  await cloud.lambda.stop?.();
  const [, queued] = await Promise.all(invocations);
  expect(queued).toMatchObject({ error: 'Unhandled', payload: { errorMessage: 'the local cloud has stopped' } });
  expect((await cloud.invoke('waits')).payload).toMatchObject({ errorMessage: 'the local cloud has stopped' });
  expect(starts()).toBe(1);
  await cloud.stop();
});

describe('functions the local cloud refuses to create', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['an unknown property', { VpcConfig: {} }, 'VpcConfig'],
    ['another runtime', { Runtime: 'python3.13' }, 'Runtime'],
    [
      'a reserved variable',
      { Environment: { Variables: { AWS_REGION: 'x' } } },
      'a reserved variable of Lambda is set',
    ],
    ['a handler that is not there', { Handler: 'main.handler' }, 'no main.mjs, .js or .cjs'],
    [
      'failed events to something else',
      { DeadLetterConfig: { TargetArn: 'arn:aws:events:eu-west-1:0:event-bus/b' } },
      'only SQS and SNS are',
    ],
  ])('%s', async (_, properties, message) => {
    await expect(
      openCoreCloud({
        handlers: { echo: handlers.echo },
        resources: { Role: functionRole(), Echo: lambdaFunction('echo', properties) },
      }),
    ).rejects.toThrow(message);
  });

  test('a role that does not trust Lambda', async () => {
    const Role = {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [{ Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        },
      },
    };
    await expect(
      openCoreCloud({ handlers: { echo: handlers.echo }, resources: { Role, Echo: lambdaFunction('echo') } }),
    ).rejects.toThrow('User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole');
  });
});
