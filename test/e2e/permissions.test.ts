import { setTimeout as sleep } from 'node:timers/promises';
import * as acm from '@aws-sdk/client-acm';
import { BatchGetBuildsCommand, CodeBuildClient, StartBuildCommand, StopBuildCommand } from '@aws-sdk/client-codebuild';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import * as kms from '@aws-sdk/client-kms';
import * as route53 from '@aws-sdk/client-route-53';
import * as s3 from '@aws-sdk/client-s3';
import * as scheduler from '@aws-sdk/client-scheduler';
import * as sfn from '@aws-sdk/client-sfn';
import * as sns from '@aws-sdk/client-sns';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { roleSession } from '../../local/door/callers.ts';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { signedFetch } from '../local/signed-fetch.ts';
import { TestCloud } from './test-cloud.ts';

/**
 * Who may call what, tested over HTTP with signed requests: a call that no statement allows is refused as AWS would
 * refuse it.
 */

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await TestCloud.start({ files: { 'README.md': 'config' } });
});
afterAll(() => cloud?.stop());

type Credentials = ReturnType<TestCloud['local']['door']['issueCredentials']>;

/**
 * Returns keys for a session of a role in the control account. The role has this one managed policy of the stack, or
 * none.
 */
function sessionOf(role: string | undefined): Credentials {
  const { accountId, door } = cloud.local;
  const roleArn = `arn:aws:iam::${accountId}:role/people/${role ?? 'nobody'}`;
  door.policies.putRole(roleArn, {
    Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${accountId}:root` }, Action: 'sts:AssumeRole' }],
  });
  if (role) door.policies.attachRolePolicy(roleArn, `arn:aws:iam::${accountId}:policy/stagegate-${role}`);
  return door.issueCredentials(roleSession(roleArn, 'jane'));
}

const ROLES = ['viewer', 'developer', 'staff', 'admin'] as const;
type Role = (typeof ROLES)[number];

/** The least role that may call each route, or anybody. People review this table; it is not derived from anything. */
const MAY: Readonly<Record<string, Role | 'anybody'>> = {
  'GET /health': 'anybody',
  'GET /health/details': 'admin',
  'GET /openapi.json': 'anybody',
  'GET /approvals/{token}': 'anybody',
  'POST /approvals/{token}': 'anybody',
  'POST /webhooks/github': 'anybody',
  'GET /applications': 'viewer',
  'GET /applications/{app}': 'viewer',
  'GET /applications/{app}/pipeline': 'viewer',
  'GET /applications/{app}/audit': 'viewer',
  'POST /applications/{app}/approvers/{email}/confirmation': 'staff',
  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/links': 'staff',
  'GET /applications/{app}/environments': 'viewer',
  'GET /applications/{app}/environments/{env}': 'viewer',
  'GET /applications/{app}/environments/{env}/outputs': 'viewer',
  'GET /applications/{app}/environments/{env}/deployments': 'viewer',
  'GET /applications/{app}/environments/{env}/deployments/{id}': 'viewer',
  'GET /applications/{app}/environments/{env}/deployments/{id}/plan': 'viewer',
  'GET /applications/{app}/environments/{env}/deployments/{id}/events': 'viewer',
  'GET /applications/{app}/releases': 'viewer',
  'GET /applications/{app}/releases/{number}': 'viewer',
  'GET /applications/{app}/approvers': 'viewer',
  'GET /applications/{app}/approvers/{email}': 'viewer',
  'GET /ephemeral-environments': 'viewer',
  'GET /applications/{app}/ephemeral-environments': 'viewer',
  'GET /applications/{app}/ephemeral-environments/{name}': 'viewer',
  'POST /applications/{app}/releases': 'developer',
  'POST /applications/{app}/promotions': 'developer',
  'POST /applications/{app}/environments/{env}/deployments': 'developer',
  'POST /applications/{app}/environments/{env}/deployments/{id}/cancel': 'developer',
  'POST /applications/{app}/ephemeral-environments': 'developer',
  'POST /applications/{app}/ephemeral-environments/{name}/deployments': 'developer',
  'PATCH /applications/{app}/ephemeral-environments/{name}': 'developer',
  'DELETE /applications/{app}/ephemeral-environments/{name}': 'developer',
  'PATCH /applications/{app}/environments/{env}': 'staff',
  'POST /applications/{app}/environments/{env}/state-moves': 'staff',
  'POST /applications/{app}/environments/{env}/deployments/{id}/release': 'staff',
  'POST /applications/{app}/environments/{env}/protection-lifts': 'staff',
  'POST /applications/{app}/environments/{env}/proof-lifts': 'staff',
  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/decisions': 'staff',
  'PUT /applications/{app}': 'admin',
  'POST /applications/{app}/repository-confirmations': 'admin',
  'DELETE /applications/{app}': 'admin',
  'PUT /applications/{app}/environments/{env}': 'admin',
  'DELETE /applications/{app}/environments/{env}': 'admin',
  'PUT /applications/{app}/approvers/{email}': 'admin',
  'DELETE /applications/{app}/approvers/{email}': 'admin',
};

/** Names of things that do not exist, and names that make a path look like that of another route. */
const NAMES: readonly Readonly<Record<string, string>>[] = [
  {
    app: 'nothing',
    env: 'dev1',
    name: 'pr-1',
    id: 'nothing-dev1-1-abc123',
    email: 'a@example.com',
    number: '1',
    gate: 'staff',
    token: 'x',
  },
  {
    app: 'applications',
    env: 'deployments',
    name: 'deployments',
    id: 'cancel',
    email: 'releases',
    number: 'events',
    gate: 'cancel',
    token: 'applications',
  },
];

describe('the API', () => {
  const pathsOf = (template: string) =>
    NAMES.map((names) => template.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? name));

  /** Returns whether the gateway refused the request itself, or the function of the route answered. */
  async function ask(method: string, path: string, credentials?: Credentials): Promise<'forbidden' | 'answered'> {
    const url = `${cloud.url}${path}`;
    const body = method === 'GET' || method === 'DELETE' ? '' : '{}';
    const headers = { 'content-type': 'application/json' };
    const props = { service: 'execute-api', region: cloud.local.region, method, headers, body };
    const response = await unthrottled(() =>
      credentials
        ? signedFetch(url, { ...props, credentials })
        : fetch(url, { method, headers, ...(body && { body }) }),
    );
    const text = await response.text();
    if (response.status === 403 && text === '{"message":"Forbidden"}') return 'forbidden';
    // Nothing with these names exists, and no body is complete, so no other status is possible.
    expect([method, path, [200, 400, 401, 404, 410].includes(response.status) || text]).toEqual([method, path, true]);
    return 'answered';
  }

  /**
   * Repeats a request that the throttle refuses: so many requests in a short time are throttled before the gateway
   * checks who sent them.
   */
  async function unthrottled(request: () => Promise<Response>): Promise<Response> {
    for (;;) {
      const response = await request();
      if (response.status !== 429) return response;
      await sleep(100);
    }
  }

  async function answersOf(credentials?: Credentials): Promise<Record<string, string>> {
    const answers: Record<string, string> = {};
    for (const key of Object.keys(MAY)) {
      const [method = '', template = ''] = key.split(' ');
      for (const path of pathsOf(template)) answers[`${method} ${path}`] = await ask(method, path, credentials);
    }
    return answers;
  }

  const expected = (isAllowed: (least: Role | 'anybody') => boolean): Record<string, string> =>
    Object.fromEntries(
      Object.entries(MAY).flatMap(([key, least]) => {
        const [method = '', template = ''] = key.split(' ');
        return pathsOf(template).map((path) => [`${method} ${path}`, isAllowed(least) ? 'answered' : 'forbidden']);
      }),
    );

  test.each([...ROLES, undefined])('lets no %s ask for the credentials of builds', async (role) => {
    expect(await ask('POST', '/builds/credentials', sessionOf(role))).toBe('forbidden');
  });

  test('has the routes of the reviewed table, with the roles it gives them', async () => {
    const { paths } = z
      .object({ paths: z.record(z.string(), z.record(z.string(), z.looseObject({ 'x-role': z.string().optional() }))) })
      .parse(await cloud.expect(200, 'GET', '/openapi.json'));
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [
        `${method.toUpperCase()} ${path}`,
        operation['x-role'] ?? 'anybody',
      ]),
    );
    expect(Object.fromEntries(described)).toEqual(MAY);
  });

  test.each(ROLES)('lets a signed %s ask for what the table says, and answers 403 to the rest', async (role) => {
    const before = await cloud.records();
    const rank = ROLES.indexOf(role);
    expect(await answersOf(sessionOf(role))).toEqual(
      expected((least) => least === 'anybody' || ROLES.indexOf(least) <= rank),
    );
    expect(await cloud.records()).toEqual(before);
  });

  test('answers 403 to a signature of somebody without a policy, but on the public routes', async () => {
    expect(await answersOf(sessionOf(undefined))).toEqual(expected((least) => least === 'anybody'));
  });

  test('answers 403 to a signature with somebody’s key and another secret', async () => {
    const forged = { ...sessionOf('admin'), secretAccessKey: 'guessed' };
    expect(await ask('GET', '/applications', forged)).toBe('forbidden');
  });

  test('answers 403 to a signature for another path, method or body', async () => {
    const credentials = sessionOf('admin');
    const signed = { service: 'execute-api', region: cloud.local.region, credentials };
    const captured: RequestInit[] = [];
    const original = globalThis.fetch;
    globalThis.fetch = async (_, init) => {
      captured.push(init ?? {});
      return new Response();
    };
    try {
      await signedFetch(`${cloud.url}/applications`, signed);
      await signedFetch(`${cloud.url}/applications/x`, { ...signed, method: 'PUT', body: '{}' });
    } finally {
      globalThis.fetch = original;
    }
    const [get, put] = captured;
    const status = async (path: string, init?: RequestInit) =>
      (await unthrottled(() => fetch(`${cloud.url}${path}`, init))).status;
    expect(await status('/applications', get)).toBe(200);
    expect(await status('/applications/x/pipeline', get)).toBe(403);
    expect(await status('/applications/x', { ...get, method: 'DELETE' })).toBe(403);
    expect(await status('/applications/x', { ...put, body: '{"client":"acme"}' })).toBe(403);
  });
});

interface Refusal {
  readonly code: string;
  readonly status: number;
}

/**
 * How each service refuses a caller without permission. SNS's code is `AuthorizationError`; its client makes it longer.
 */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  acm: { code: 'AccessDeniedException', status: 400 },
  codebuild: { code: 'AccessDeniedException', status: 400 },
  dynamodb: { code: 'AccessDeniedException', status: 400 },
  events: { code: 'AccessDeniedException', status: 400 },
  kms: { code: 'AccessDeniedException', status: 400 },
  lambda: { code: 'AccessDeniedException', status: 403 },
  route53: { code: 'AccessDenied', status: 403 },
  s3: { code: 'AccessDenied', status: 403 },
  scheduler: { code: 'AccessDeniedException', status: 403 },
  sns: { code: 'AuthorizationErrorException', status: 403 },
  sqs: { code: 'AccessDenied', status: 403 },
  states: { code: 'AccessDeniedException', status: 400 },
  sts: { code: 'AccessDenied', status: 403 },
};

describe('every operation of every service', () => {
  /** Returns the name of a resource in the stack. */
  const named = (type: string, pattern = /./): string => {
    const found = [...cloud.local.stack.resources.values()].find(
      (each) => each.type === type && pattern.test(each.ref),
    );
    if (!found) throw new Error(`the stack has no ${type} like ${pattern}`);
    return found.ref;
  };

  /** Returns one call of each operation, from a caller whose policies do not mention the operation. */
  async function calls(): Promise<Record<string, () => Promise<unknown>>> {
    const { endpoint, region, accountId } = cloud.local;
    const credentials = sessionOf(undefined);
    const props = { endpoint, region, credentials, maxAttempts: 1 };
    const clients = {
      acm: new acm.ACMClient(props),
      codebuild: new CodeBuildClient(props),
      dynamodb: new dynamodb.DynamoDBClient(props),
      events: new EventBridgeClient(props),
      kms: new kms.KMSClient(props),
      route53: new route53.Route53Client(props),
      s3: new s3.S3Client({ ...props, forcePathStyle: true }),
      scheduler: new scheduler.SchedulerClient(props),
      sfn: new sfn.SFNClient(props),
      sns: new sns.SNSClient(props),
      sts: new STSClient(props),
    };

    const TableName = cloud.local.tableName;
    const ResourceArn = `arn:aws:dynamodb:${region}:${accountId}:table/${TableName}`;
    const Key = { pk: { S: 'x' }, sk: { S: 'x' } };
    const update = { TableName, Key, UpdateExpression: 'SET a = :a', ExpressionAttributeValues: { ':a': { S: 'x' } } };
    const keys = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { S: 'x' } } };
    const Table = {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
    };
    const ddb = (command: { new (input: never): unknown }, input: unknown) => () =>
      clients.dynamodb.send(new command(input as never) as dynamodb.GetItemCommand);

    const Bucket = named('AWS::S3::Bucket');
    const object = { Bucket, Key: 'runs/x' };
    const upload = { ...object, UploadId: 'x' };
    const store = (command: { new (input: never): unknown }, input: unknown) => () =>
      clients.s3.send(new command(input as never) as s3.GetObjectCommand);

    const operatorKms = new kms.KMSClient({ endpoint, region, credentials: OPERATOR_CREDENTIALS });
    const KeyId = 'alias/stagegate-data';
    const Plaintext = Buffer.from('x');
    const { CiphertextBlob } = await operatorKms.send(new kms.EncryptCommand({ KeyId, Plaintext }));
    const mac = { KeyId: 'alias/stagegate-links', Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' as const };
    const key = (command: { new (input: never): unknown }, input: unknown) => () =>
      clients.kms.send(new command(input as never) as kms.DescribeKeyCommand);

    const stateMachineArn = named('AWS::StepFunctions::StateMachine');
    const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:x`;
    const taskToken = Buffer.from(JSON.stringify([executionArn, 'x', 'x'])).toString('base64');
    const states = (command: { new (input: never): unknown }, input: unknown) => () =>
      clients.sfn.send(new command(input as never) as sfn.StopExecutionCommand);

    const TopicArn = named('AWS::SNS::Topic', /Approvals/);
    const SubscriptionArn = `${TopicArn}:00000000-0000-4000-8000-000000000000`;
    const topic = (command: { new (input: never): unknown }, input: unknown) => () =>
      clients.sns.send(new command(input as never) as sns.PublishCommand);

    const projectName = named('AWS::CodeBuild::Project', /plan/);
    const build = `${projectName}:00000000-0000-4000-8000-000000000000`;
    const EventBusName = named('AWS::Events::EventBus');
    const Entries = [{ EventBusName, Source: 'x', DetailType: 'ConfigPushed', Detail: '{}' }];

    /** Makes a call to a service for which no client is installed. */
    const raw = (service: string, path: string, headers: Record<string, string>, body: unknown) => async () => {
      const text = JSON.stringify(body);
      const response = await signedFetch(`${endpoint}${path}`, {
        service,
        region,
        credentials,
        method: 'POST',
        headers,
        body: text,
      });
      const answer = z.looseObject({ __type: z.string().optional() }).parse(await response.json());
      if (response.ok) return answer;
      const name = answer.__type ?? response.headers.get('x-amzn-errortype') ?? '';
      throw Object.assign(new Error(name), { name, $metadata: { httpStatusCode: response.status } });
    };
    const QueueUrl = named('AWS::SQS::Queue');
    const sqs = (operation: string, input: object) =>
      raw(
        'sqs',
        '/',
        { 'x-amz-target': `AmazonSQS.${operation}`, 'content-type': 'application/x-amz-json-1.0' },
        input,
      );

    const certificate = (command: { new (input: never): unknown }, input: unknown) => () =>
      clients.acm.send(new command(input as never) as acm.DescribeCertificateCommand);
    const CertificateArn = `arn:aws:acm:${region}:${accountId}:certificate/00000000-0000-4000-8000-000000000000`;
    const zone = (command: { new (input: never): unknown }, input: unknown) => () =>
      clients.route53.send(new command(input as never) as route53.GetHostedZoneCommand);
    const schedule = (command: { new (input: never): unknown }, input: unknown) => () =>
      clients.scheduler.send(new command(input as never) as scheduler.GetScheduleCommand);
    const reference = { Name: 'x', GroupName: 'stagegate' };
    const once = {
      ...reference,
      ScheduleExpression: 'at(2099-01-01T00:00:00)',
      FlexibleTimeWindow: { Mode: 'OFF' as const },
      Target: {
        Arn: `arn:aws:lambda:${region}:${accountId}:function:stagegate-sweep`,
        RoleArn: `arn:aws:iam::${accountId}:role/stagegate-wake-up`,
        Input: '{}',
      },
    };
    const Record = { Name: 'x.example.com', Type: 'A' as const, TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }] };

    return {
      'acm:RequestCertificate': certificate(acm.RequestCertificateCommand, {
        DomainName: 'x.example.com',
        ValidationMethod: 'DNS',
      }),
      'acm:DescribeCertificate': certificate(acm.DescribeCertificateCommand, { CertificateArn }),
      'acm:DeleteCertificate': certificate(acm.DeleteCertificateCommand, { CertificateArn }),
      'acm:AddTagsToCertificate': certificate(acm.AddTagsToCertificateCommand, {
        CertificateArn,
        Tags: [{ Key: 'a', Value: 'b' }],
      }),
      'acm:ListTagsForCertificate': certificate(acm.ListTagsForCertificateCommand, { CertificateArn }),

      'route53:CreateHostedZone': zone(route53.CreateHostedZoneCommand, { Name: 'example.com', CallerReference: 'x' }),
      'route53:ListHostedZonesByName': zone(route53.ListHostedZonesByNameCommand, { DNSName: 'example.com' }),
      'route53:GetHostedZone': zone(route53.GetHostedZoneCommand, { Id: 'Z0123456789' }),
      'route53:ListResourceRecordSets': zone(route53.ListResourceRecordSetsCommand, { HostedZoneId: 'Z0123456789' }),
      'route53:ChangeResourceRecordSets': zone(route53.ChangeResourceRecordSetsCommand, {
        HostedZoneId: 'Z0123456789',
        ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet: Record }] },
      }),
      'route53:GetChange': zone(route53.GetChangeCommand, { Id: 'C0123456789' }),

      'scheduler:CreateSchedule': schedule(scheduler.CreateScheduleCommand, once),
      'scheduler:UpdateSchedule': schedule(scheduler.UpdateScheduleCommand, once),
      'scheduler:GetSchedule': schedule(scheduler.GetScheduleCommand, reference),
      'scheduler:DeleteSchedule': schedule(scheduler.DeleteScheduleCommand, reference),

      'codebuild:StartBuild': () => clients.codebuild.send(new StartBuildCommand({ projectName })),
      'codebuild:StopBuild': () => clients.codebuild.send(new StopBuildCommand({ id: build })),
      'codebuild:BatchGetBuilds': () => clients.codebuild.send(new BatchGetBuildsCommand({ ids: [build] })),

      'dynamodb:GetItem': ddb(dynamodb.GetItemCommand, { TableName, Key }),
      'dynamodb:PutItem': ddb(dynamodb.PutItemCommand, { TableName, Item: Key }),
      'dynamodb:UpdateItem': ddb(dynamodb.UpdateItemCommand, update),
      'dynamodb:DeleteItem': ddb(dynamodb.DeleteItemCommand, { TableName, Key }),
      'dynamodb:Query': ddb(dynamodb.QueryCommand, { TableName, ...keys }),
      'dynamodb:Scan': ddb(dynamodb.ScanCommand, { TableName }),
      'dynamodb:BatchGetItem': ddb(dynamodb.BatchGetItemCommand, { RequestItems: { [TableName]: { Keys: [Key] } } }),
      'dynamodb:BatchWriteItem': ddb(dynamodb.BatchWriteItemCommand, {
        RequestItems: { [TableName]: [{ PutRequest: { Item: Key } }] },
      }),
      'dynamodb:TransactWriteItems': ddb(dynamodb.TransactWriteItemsCommand, {
        TransactItems: [{ Put: { TableName, Item: Key } }],
      }),
      'dynamodb:TransactGetItems': ddb(dynamodb.TransactGetItemsCommand, {
        TransactItems: [{ Get: { TableName, Key } }],
      }),
      'dynamodb:CreateTable': ddb(dynamodb.CreateTableCommand, {
        TableName: 'x',
        BillingMode: 'PAY_PER_REQUEST',
        ...Table,
      }),
      'dynamodb:DeleteTable': ddb(dynamodb.DeleteTableCommand, { TableName }),
      'dynamodb:DescribeTable': ddb(dynamodb.DescribeTableCommand, { TableName }),
      'dynamodb:DescribeTimeToLive': ddb(dynamodb.DescribeTimeToLiveCommand, { TableName }),
      'dynamodb:ListTables': ddb(dynamodb.ListTablesCommand, {}),
      'dynamodb:DescribeContinuousBackups': ddb(dynamodb.DescribeContinuousBackupsCommand, { TableName }),
      'dynamodb:UpdateContinuousBackups': ddb(dynamodb.UpdateContinuousBackupsCommand, {
        TableName,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      }),
      'dynamodb:UpdateTable': ddb(dynamodb.UpdateTableCommand, { TableName, DeletionProtectionEnabled: false }),
      'dynamodb:UpdateTimeToLive': ddb(dynamodb.UpdateTimeToLiveCommand, {
        TableName,
        TimeToLiveSpecification: { AttributeName: 'x', Enabled: false },
      }),
      'dynamodb:ListTagsOfResource': ddb(dynamodb.ListTagsOfResourceCommand, { ResourceArn }),
      'dynamodb:TagResource': ddb(dynamodb.TagResourceCommand, { ResourceArn, Tags: [{ Key: 'a', Value: 'b' }] }),

      'events:PutEvents': () => clients.events.send(new PutEventsCommand({ Entries })),

      'kms:GenerateMac': key(kms.GenerateMacCommand, mac),
      'kms:VerifyMac': key(kms.VerifyMacCommand, { ...mac, Mac: Plaintext }),
      'kms:Encrypt': key(kms.EncryptCommand, { KeyId, Plaintext }),
      'kms:Decrypt': key(kms.DecryptCommand, { CiphertextBlob }),
      'kms:GenerateDataKey': key(kms.GenerateDataKeyCommand, { KeyId, KeySpec: 'AES_256' }),
      'kms:DescribeKey': key(kms.DescribeKeyCommand, { KeyId }),

      'lambda:Invoke': raw('lambda', '/2015-03-31/functions/stagegate-reconcile/invocations', {}, {}),

      's3:CreateBucket': store(s3.CreateBucketCommand, { Bucket: 'another-bucket' }),
      's3:HeadBucket': store(s3.HeadBucketCommand, { Bucket }),
      's3:DeleteBucket': store(s3.DeleteBucketCommand, { Bucket }),
      's3:GetBucketVersioning': store(s3.GetBucketVersioningCommand, { Bucket }),
      's3:GetBucketEncryption': store(s3.GetBucketEncryptionCommand, { Bucket }),
      's3:GetBucketLocation': store(s3.GetBucketLocationCommand, { Bucket }),
      's3:ListBuckets': store(s3.ListBucketsCommand, {}),
      's3:ListObjectsV2': store(s3.ListObjectsV2Command, { Bucket }),
      's3:ListObjectVersions': store(s3.ListObjectVersionsCommand, { Bucket }),
      's3:GetObject': store(s3.GetObjectCommand, object),
      's3:HeadObject': store(s3.HeadObjectCommand, object),
      's3:PutObject': store(s3.PutObjectCommand, { ...object, Body: 'x' }),
      's3:CopyObject': store(s3.CopyObjectCommand, { ...object, CopySource: `${Bucket}/analysis/x` }),
      's3:DeleteObject': store(s3.DeleteObjectCommand, object),
      's3:CreateMultipartUpload': store(s3.CreateMultipartUploadCommand, object),
      's3:UploadPart': store(s3.UploadPartCommand, { ...upload, PartNumber: 1, Body: 'x' }),
      's3:CompleteMultipartUpload': store(s3.CompleteMultipartUploadCommand, {
        ...upload,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: 'x' }] },
      }),
      's3:AbortMultipartUpload': store(s3.AbortMultipartUploadCommand, upload),
      's3:ListParts': store(s3.ListPartsCommand, upload),

      'sns:Subscribe': topic(sns.SubscribeCommand, { TopicArn, Protocol: 'email', Endpoint: 'x@example.com' }),
      'sns:ConfirmSubscription': topic(sns.ConfirmSubscriptionCommand, { TopicArn, Token: 'x' }),
      'sns:Unsubscribe': topic(sns.UnsubscribeCommand, { SubscriptionArn }),
      'sns:GetSubscriptionAttributes': topic(sns.GetSubscriptionAttributesCommand, { SubscriptionArn }),
      'sns:SetSubscriptionAttributes': topic(sns.SetSubscriptionAttributesCommand, {
        SubscriptionArn,
        AttributeName: 'FilterPolicy',
        AttributeValue: '{}',
      }),
      'sns:ListSubscriptions': topic(sns.ListSubscriptionsCommand, {}),
      'sns:ListSubscriptionsByTopic': topic(sns.ListSubscriptionsByTopicCommand, { TopicArn }),
      'sns:GetTopicAttributes': topic(sns.GetTopicAttributesCommand, { TopicArn }),
      'sns:Publish': topic(sns.PublishCommand, { TopicArn, Message: 'x' }),

      'sqs:GetQueueUrl': sqs('GetQueueUrl', { QueueName: QueueUrl.split('/').at(-1) }),
      'sqs:GetQueueAttributes': sqs('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] }),
      'sqs:SendMessage': sqs('SendMessage', { QueueUrl, MessageBody: 'x' }),
      'sqs:ReceiveMessage': sqs('ReceiveMessage', { QueueUrl }),
      'sqs:DeleteMessage': sqs('DeleteMessage', { QueueUrl, ReceiptHandle: 'x' }),

      'states:StartExecution': states(sfn.StartExecutionCommand, { stateMachineArn, input: '{}' }),
      'states:StopExecution': states(sfn.StopExecutionCommand, { executionArn }),
      'states:DescribeExecution': states(sfn.DescribeExecutionCommand, { executionArn }),
      'states:ListExecutions': states(sfn.ListExecutionsCommand, { stateMachineArn }),
      'states:GetExecutionHistory': states(sfn.GetExecutionHistoryCommand, { executionArn }),
      'states:DescribeStateMachine': states(sfn.DescribeStateMachineCommand, { stateMachineArn }),
      'states:SendTaskSuccess': states(sfn.SendTaskSuccessCommand, { taskToken, output: '{}' }),
      'states:SendTaskFailure': states(sfn.SendTaskFailureCommand, { taskToken }),
      'states:SendTaskHeartbeat': states(sfn.SendTaskHeartbeatCommand, { taskToken }),

      'sts:AssumeRole': () =>
        clients.sts.send(
          new AssumeRoleCommand({
            RoleArn: `arn:aws:iam::${accountId}:role/stagegate-apply-build`,
            RoleSessionName: 'jane',
          }),
        ),
    };
  }

  /**
   * Operations that AWS answers for every caller: one returns the caller's identity, the other has a result for each
   * object.
   */
  const ANSWERED = ['sts:GetCallerIdentity', 's3:DeleteObjects'];

  test('is refused to somebody whose policies do not allow it, as that service refuses', async () => {
    const before = await cloud.records();
    const refused: Record<string, Refusal> = {};
    for (const [operation, call] of Object.entries(await calls()))
      refused[operation] = await call().then(
        (answer) => ({ code: `answered ${JSON.stringify(answer)}`, status: 200 }),
        ({ name, $metadata }) => ({ code: name, status: $metadata?.httpStatusCode }),
      );
    // An answer to HEAD has no body that could contain the error's name.
    const bodiless = ['s3:HeadBucket', 's3:HeadObject'];
    expect(refused).toEqual(
      Object.fromEntries(
        Object.keys(refused).map((operation) => {
          const { code, status } = REFUSALS[operation.split(':')[0] ?? ''] ?? {};
          return [operation, { code: bodiless.includes(operation) ? 'Unknown' : code, status }];
        }),
      ),
    );
    expect(await cloud.records()).toEqual(before);
  });

  test('is among those that were tried', async () => {
    const offered = cloud.local.door
      .services()
      .flatMap(({ signingName, operations }) => Object.keys(operations).map((name) => `${signingName}:${name}`));
    expect([...Object.keys(await calls()), ...ANSWERED].sort()).toEqual(offered.sort());
  });

  test('but the two that AWS answers: who one is, and which objects were not deleted', async () => {
    const { endpoint, region } = cloud.local;
    const props = { endpoint, region, credentials: sessionOf(undefined) };
    const identity = await new STSClient(props).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toMatch(/:assumed-role\/nobody\/jane$/);
    const Bucket = named('AWS::S3::Bucket');
    const { Deleted, Errors } = await new s3.S3Client({ ...props, forcePathStyle: true }).send(
      new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'analysis/x' }] } }),
    );
    expect({ Deleted, Errors }).toEqual({
      Deleted: undefined,
      Errors: [expect.objectContaining({ Key: 'analysis/x', Code: 'AccessDenied' })],
    });
  });
});

describe('the console', () => {
  const clientOf = (role: Role) =>
    new sfn.SFNClient({ endpoint: cloud.local.endpoint, region: cloud.local.region, credentials: sessionOf(role) });
  const stateMachineArn = () =>
    `arn:aws:states:${cloud.local.region}:${cloud.local.accountId}:stateMachine:stagegate-deployment`;

  test.each(['staff', 'admin'] as const)(
    'shows executions to %s, who may not push one past its gate even if another policy let them',
    async (role) => {
      const client = clientOf(role);
      const { accountId, door } = cloud.local;
      expect(
        (await client.send(new sfn.ListExecutionsCommand({ stateMachineArn: stateMachineArn() }))).executions,
      ).toEqual([]);
      door.policies.putRolePolicy(`arn:aws:iam::${accountId}:role/people/${role}`, 'everything', {
        Statement: [{ Effect: 'Allow', Action: 'states:*', Resource: '*' }],
      });
      const execution = `${stateMachineArn().replace(':stateMachine:', ':execution:')}:x`;
      const taskToken = Buffer.from(JSON.stringify([execution, 'x', 'x'])).toString('base64');
      for (const command of [
        new sfn.SendTaskSuccessCommand({ taskToken, output: '{}' }),
        new sfn.SendTaskFailureCommand({ taskToken }),
        new sfn.SendTaskHeartbeatCommand({ taskToken }),
      ])
        await expect(client.send(command as sfn.SendTaskSuccessCommand)).rejects.toMatchObject({
          name: 'AccessDeniedException',
          message: expect.stringContaining('explicit deny'),
        });
    },
  );

  test.each(['viewer', 'developer'] as const)('shows nothing to %s', async (role) => {
    await expect(
      clientOf(role).send(new sfn.ListExecutionsCommand({ stateMachineArn: stateMachineArn() })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
