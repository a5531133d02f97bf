import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { type LocalCloud, startLocalCloud } from '../../local/local-cloud.ts';
import { openDatabase } from '../../local/persistence/database.ts';
import type { LocalEvent } from '../../local/services/local-context.ts';
import { functionRole, lambdaFunction } from './core-cloud.ts';
import { writeMiniAssembly } from './mini-assembly.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const handlers = {
  counts: `import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
    import { existsSync } from 'node:fs';
    const table = new DynamoDBClient();
    export const handler = async ({ routeKey, queryStringParameters }) => {
      if (routeKey === 'GET /late') {
        const timer = setInterval(() => {
          if (!existsSync(queryStringParameters.release)) return;
          clearInterval(timer);
          table.send(new UpdateItemCommand({ TableName: 'counts', Key: { pk: { S: 'late' } } })).catch(() => console.log('refused'));
        }, 10);
        return 'early';
      }
      const { Attributes } = await table.send(new UpdateItemCommand({
        TableName: 'counts', Key: { pk: { S: 'one' } }, UpdateExpression: 'ADD #n :one', ReturnValues: 'ALL_NEW',
        ExpressionAttributeNames: { '#n': 'n' }, ExpressionAttributeValues: { ':one': { N: '1' } },
      }));
      return { n: Number(Attributes.n.N) };
    };`,
};

const route = (RouteKey: string) => ({
  Type: 'AWS::ApiGatewayV2::Route',
  Properties: {
    ApiId: { Ref: 'Api' },
    RouteKey,
    Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
  },
});

const resources = {
  Table: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      TableName: 'counts',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
  },
  Role: functionRole({ Effect: 'Allow', Action: 'dynamodb:UpdateItem', Resource: { 'Fn::GetAtt': ['Table', 'Arn'] } }),
  Counts: lambdaFunction('counts'),
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
  Stage: {
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true },
  },
  Integration: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      ApiId: { Ref: 'Api' },
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: { 'Fn::GetAtt': ['Counts', 'Arn'] },
      PayloadFormatVersion: '2.0',
    },
  },
  Count: route('GET /count'),
  Late: route('GET /late'),
  Permission: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { Ref: 'Counts' },
      Principal: 'apigateway.amazonaws.com',
    },
  },
};

/** A buildspec whose command needs two seconds to end after SIGTERM. */
const slowToEnd = JSON.stringify(
  { version: '0.2', phases: { build: { commands: ["trap 'sleep 2; exit 143' TERM; while :; do sleep 0.1; done"] } } },
  null,
  2,
);
const withBuild = {
  Role: functionRole(),
  Project: {
    Type: 'AWS::CodeBuild::Project',
    Properties: {
      Name: 'slow',
      ServiceRole: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Source: { Type: 'NO_SOURCE', BuildSpec: slowToEnd },
      Environment: { Type: 'ARM_CONTAINER', Image: 'any', ComputeType: 'BUILD_GENERAL1_SMALL' },
      Artifacts: { Type: 'NO_ARTIFACTS' },
      LogsConfig: { CloudWatchLogs: { Status: 'DISABLED' } },
    },
  },
};

const { Table: _, ...withoutTable } = { ...resources, Role: functionRole() };

const StartedBuild = z.object({ build: z.object({ id: z.string() }) });

describe('the local cloud', () => {
  let running: LocalCloud[] = [];
  const events: LocalEvent[] = [];
  const start = async (
    props: { data?: string; port?: number; resources?: Record<string, unknown> } = {},
  ): Promise<LocalCloud> => {
    const assemblyDirectory = writeMiniAssembly(props.resources ?? resources, handlers);
    const log = (event: LocalEvent) => void events.push(event);
    const cloud = await startLocalCloud({ assemblyDirectory, port: props.port ?? 0, data: props.data, log });
    running.push(cloud);
    return cloud;
  };
  afterEach(async () => {
    for (const cloud of running) await cloud.stop();
    running = [];
    events.length = 0;
  });
  const count = async ({ url }: LocalCloud): Promise<unknown> => (await fetch(`${url}/count`)).json();

  test('runs a template and keeps what happened in its data directory', async () => {
    const data = temporaryDirectory();
    const first = await start({ data });
    expect([await count(first), await count(first)]).toEqual([{ n: 1 }, { n: 2 }]);
    await expect(start({ data })).rejects.toThrow(`data directory ${data} is in use by another local cloud`);
    await first.stop();
    running = [];
    const second = await start({ data });
    expect(await count(second)).toEqual({ n: 3 });
  });

  test('shows logs and alarms, and records the calls of functions', async () => {
    const cloud = await start({ resources: withoutTable });
    await count(cloud);
    expect(await (await fetch(`${cloud.url}/local/logs`)).text()).toContain('Log group');
    expect((await fetch(`${cloud.url}/local/logs/nothing`)).status).toBe(404);
    expect(await (await fetch(`${cloud.url}/local/alarms.json`)).json()).toEqual([]);
    const calls = cloud.door.calls.list().filter(({ service }) => service === 'dynamodb');
    expect(calls).toMatchObject([
      {
        operation: 'UpdateItem',
        caller: expect.stringMatching(/assumed-role\/Stagegate-Role-[0-9A-F]{12}\/counts$/),
        outcome: 'AccessDeniedException',
      },
    ]);
  });

  test('stopping fails when a function called AWS outside of its invocations', async () => {
    const cloud = await start({ resources: withoutTable });
    const release = join(temporaryDirectory(), 'release');
    expect(await (await fetch(`${cloud.url}/late?release=${encodeURIComponent(release)}`)).json()).toBe('early');
    writeFileSync(release, '');
    while (!cloud.logs.read('/aws/lambda/counts').some(({ message }) => message === 'refused')) await delay(20);
    await expect(cloud.stop()).rejects.toThrow('function counts made an AWS call outside of its invocations');
    running = [];
  });

  test('stopped twice at once, it takes nothing away from a build that is ending', async () => {
    const cloud = await start({ resources: withBuild });
    const { caller } = cloud.door.credentials.identify(OPERATOR_CREDENTIALS.accessKeyId, undefined, new Date());
    const { build } = StartedBuild.parse(
      await cloud.door.call(caller, 'codebuild', 'StartBuild', { projectName: 'slow' }),
    );
    const log = async () => (await fetch(`${cloud.url}/local/builds/${build.id.split(':')[1]}`)).text();
    while (!(await log()).includes('Running command')) await delay(20);
    await Promise.all([cloud.stop(), cloud.stop()]);
    expect(events.map(({ message }) => message)).toContain(`build ${build.id} STOPPED`);
  });

  test('what builds of an earlier run left is cleared away before a function may start another', async () => {
    const data = temporaryDirectory();
    const database = openDatabase(data);
    const unfinished = {
      id: 'slow:1',
      phases: [],
      currentPhase: 'BUILD',
      buildStatus: 'IN_PROGRESS',
      buildComplete: false,
    };
    database.collection('codebuild-builds').put('slow:1', unfinished);
    database.close();
    const Statement = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
    const Silent = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Statement } } };
    await start({ data, resources: { Silent, Counts: lambdaFunction('counts', {}, 'Silent') } });
    const told = events.map(({ message }) => message);
    // At the start, functions are first checked for missing permissions, and then get the events that they are still
    // owed.
    expect(told.filter((message) => /^build slow:1|^its role lacks logs:Create/.test(message))).toEqual([
      'build slow:1 was running when the local cloud ended: STOPPED',
      expect.stringContaining('its role lacks logs:CreateLogStream'),
    ]);
  });

  test('a template it cannot run leaves nothing behind', async () => {
    const data = temporaryDirectory();
    await expect(start({ data, resources: { ...resources, Network: { Type: 'AWS::EC2::VPC' } } })).rejects.toThrow(
      'AWS::EC2::VPC (Network)',
    );
    expect(await count(await start({ data }))).toEqual({ n: 1 });
  });

  describe('updated while it runs', () => {
    const answering = (text: string) => `
      import { existsSync } from 'node:fs';
      import { setTimeout as delay } from 'node:timers/promises';
      export const handler = async ({ queryStringParameters }) => {
        console.log('${text} begins');
        while (queryStringParameters?.release && !existsSync(queryStringParameters.release)) await delay(10);
        return '${text}';
      };`;
    const codeOf = (name: string) => lambdaFunction('counts', { Code: { S3Bucket: 'assets', S3Key: name } });
    const { Late, ...withoutLate } = withoutTable;
    const old = writeMiniAssembly({ ...withoutTable, Counts: codeOf('old') }, { old: answering('old') });
    const next = writeMiniAssembly(
      { ...withoutLate, Counts: codeOf('next'), More: route('GET /more') },
      { next: answering('next') },
    );
    const startOld = async (): Promise<LocalCloud> => {
      const cloud = await startLocalCloud({ assemblyDirectory: old, port: 0 });
      running.push(cloud);
      return cloud;
    };
    const get = async (cloud: LocalCloud, path: string) => {
      const response = await fetch(`${cloud.url}${path}`);
      return response.ok ? await response.json() : response.status;
    };

    test('it has the new functions, routes and permissions, and an invocation that had begun ends with the old code', async () => {
      const cloud = await startOld();
      expect([await get(cloud, '/count'), await get(cloud, '/late'), await get(cloud, '/more')]).toEqual([
        'old',
        'old',
        404,
      ]);
      const release = join(temporaryDirectory(), 'release');
      const begun = get(cloud, `/count?release=${encodeURIComponent(release)}`);
      const lines = () => cloud.logs.read('/aws/lambda/counts').filter(({ message }) => message === 'old begins');
      while (lines().length < 3) await delay(20);
      await cloud.update(next);
      expect([await get(cloud, '/count'), await get(cloud, '/late'), await get(cloud, '/more')]).toEqual([
        'next',
        404,
        'next',
      ]);
      writeFileSync(release, '');
      expect(await begun).toBe('old');
    });

    test('and back again, it is as before', async () => {
      const cloud = await startOld();
      await cloud.update(next);
      await cloud.update(old);
      expect([await get(cloud, '/count'), await get(cloud, '/late'), await get(cloud, '/more')]).toEqual([
        'old',
        'old',
        404,
      ]);
    });
  });

  test('a port that is taken is named', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => {
        const address = taken.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
    await expect(start({ port, resources: withoutTable })).rejects.toThrow(`port ${port} of 127.0.0.1 is in use`);
    taken.close();
  });
});
