import { createHash } from 'node:crypto';
import { CopyObjectCommand, CreateMultipartUploadCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { S3ArtifactStore } from '../../lambdas/adapters/s3-artifact-store.ts';
import { providerPackageKey } from '../../lambdas/domain/contract/provider-cache.ts';
import { keptTreeKey, RUN_OBJECTS, type RunObject, runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import { GATE_EXPIRY, GATES } from '../../lambdas/domain/policy.ts';
import { RUN_RETENTION } from '../../lib/constructs/data-store.ts';
import { flat, ofType, only, type Resource, stagegate } from '../harness/synthesized.ts';
import { type OpenS3, openS3 } from '../local/s3/open-s3.ts';

const template = stagegate();
const disposable = stagegate({ removalPolicy: 'destroy', logRetentionDays: '30' });
const isDataKey = expect.stringMatching(/^<EncryptionDataKey[0-9A-F]+\.Arn>$/);

describe('the table', () => {
  const table = only(template, 'AWS::DynamoDB::Table');

  test('has the keys that records are written with', () => {
    expect(table.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'gsi1',
          KeySchema: [
            { AttributeName: 'gsi1pk', KeyType: 'HASH' },
            { AttributeName: 'gsi1sk', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      TimeToLiveSpecification: { AttributeName: 'expiresAtEpoch', Enabled: true },
    });
  });

  test('is encrypted, can go back in time, and survives the stack', () => {
    expect(table.Properties).toMatchObject({
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      DeletionProtectionEnabled: true,
    });
    expect(flat(table.Properties.SSESpecification.KMSMasterKeyId)).toEqual(isDataKey);
    expect(table.DeletionPolicy).toBe('Retain');
  });

  test('goes with the stack only when the configuration says so', () => {
    const { Properties, DeletionPolicy } = only(disposable, 'AWS::DynamoDB::Table');
    expect(Properties.DeletionProtectionEnabled).toBe(false);
    expect(DeletionPolicy).toBe('Delete');
  });
});

describe('the artifact bucket', () => {
  const bucket = only(template, 'AWS::S3::Bucket');

  test('is versioned, encrypted and closed to the public', () => {
    expect(bucket.Properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    const [rule] = bucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration;
    expect(rule.ServerSideEncryptionByDefault.SSEAlgorithm).toBe('aws:kms');
    expect(flat(rule.ServerSideEncryptionByDefault.KMSMasterKeyID)).toEqual(isDataKey);
    expect(bucket.DeletionPolicy).toBe('Retain');
  });

  const { Rules } = bucket.Properties.LifecycleConfiguration;

  test('forgets runs with all their versions, and keeps analyses and prices', () => {
    expect(Rules.map(({ Prefix }: { Prefix: string }) => Prefix)).toEqual(['runs/', 'runs/', 'providers/', 'kept/']);
    expect(Rules[0]).toMatchObject({
      ExpirationInDays: RUN_RETENTION.toDays(),
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
    });
  });

  test('keeps trees as long as nobody deletes them', () => {
    const rule = Rules.find(({ Prefix }: { Prefix: string }) => Prefix === 'kept/');
    expect(Object.keys(rule)).not.toContain('ExpirationInDays');
    expect(rule).toMatchObject({ NoncurrentVersionExpiration: { NoncurrentDays: 1 }, ExpiredObjectDeleteMarker: true });
  });

  test('keeps packages of providers, and of those that were deleted nothing', () => {
    const rule = Rules.find(({ Prefix }: { Prefix: string }) => Prefix === 'providers/');
    expect(Object.keys(rule)).not.toContain('ExpirationInDays');
    expect(rule).toMatchObject({
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      ExpiredObjectDeleteMarker: true,
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    });
  });

  test('keeps runs a week longer than gates can wait, one after the other', () => {
    const longestWait = (GATES.length * GATE_EXPIRY.most) / 86_400;
    expect(RUN_RETENTION.toDays()).toBe(longestWait + 7);
  });
});

describe('what builds leave, and packages of providers', () => {
  const statement = only(template, 'AWS::S3::BucketPolicy').Properties.PolicyDocument.Statement.find(
    ({ Sid }: { Sid?: string }) => Sid === 'WriteOnce',
  );
  let s3: OpenS3;
  let administrator: S3Client;
  beforeAll(async () => {
    s3 = await openS3();
    await s3.createBucket('artifacts', { VersioningConfiguration: { Status: 'Enabled' } });
    administrator = s3.roleClient('administrator', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
    const Resource = statement.Resource.map((resource: unknown) =>
      flat(resource).replace(/^<[^>]*>/, 'arn:aws:s3:::artifacts'),
    );
    s3.door.setResourcePolicy('arn:aws:s3:::artifacts', { Statement: [{ ...statement, Resource }] });
  });
  afterAll(() => s3.close());
  const outcome = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'written',
      ({ name }) => name,
    );
  const put = (Key: string, more = {}) =>
    outcome(administrator.send(new PutObjectCommand({ Bucket: 'artifacts', Key, Body: 'x', ...more })));
  const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');
  const keys = [
    ...(Object.keys(RUN_OBJECTS) as RunObject[]).map((object) =>
      runObjectKey('runs/my-app-dev1-1-abc123/1/x/', object),
    ),
    providerPackageKey('linux_arm64', 'a'.repeat(64)),
    keptTreeKey('my-app-dev1-1-abc123', 'b'.repeat(32)),
  ];

  test.each(keys)('are written once, whoever writes %s', async (key) => {
    expect(await put(key)).toBe('AccessDenied');
    expect(await put(key, { IfNoneMatch: '*' })).toBe('written');
    expect(await put(key, { IfNoneMatch: '*' })).toBe('PreconditionFailed');
    expect(await put(key)).toBe('AccessDenied');
  });

  test('are neither copied there nor put together from parts: no condition could be asked of every step', async () => {
    const [Key = ''] = keys;
    await put('prices/other.csv');
    const copy = new CopyObjectCommand({ Bucket: 'artifacts', Key, CopySource: 'artifacts/prices/other.csv' });
    expect(await outcome(administrator.send(copy))).toBe('AccessDenied');
    const begin = new CreateMultipartUploadCommand({ Bucket: 'artifacts', Key });
    expect(await outcome(administrator.send(begin))).toBe('AccessDenied');
  });

  test('are copied to where trees are kept, but over nothing', async () => {
    const store = new S3ArtifactStore('artifacts', administrator);
    const [from, other] = ['runs/x/secret/1/plan/tree.tar.gz', 'runs/x/secret/2/plan/tree.tar.gz'];
    const to = keptTreeKey('my-app-dev1-1-abc123', 'c'.repeat(32));
    await put(from, { IfNoneMatch: '*', ChecksumAlgorithm: 'SHA256' });
    await put(other, { IfNoneMatch: '*', ChecksumAlgorithm: 'SHA256', Body: 'y' });
    const copy = await store.copyOnce(from, to);
    expect(copy).toEqual({ key: to, versionId: expect.any(String), sha256: sha256Of('x') });
    expect(await store.copyOnce(from, to)).toEqual(copy);
    await expect(store.copyOnce(other, to)).rejects.toThrow('something else is there');
    await store.deleteForGood(to, copy?.versionId);
    expect(await store.getText(to)).toBeUndefined();
  });

  test.each(['prices/prices.csv', 'analysis/my-app-dev1-1-abc123/1/analysis.json'])(
    'are the only objects for which that holds: %s is none',
    async (key) => {
      expect([await put(key), await put(key)]).toEqual(['written', 'written']);
    },
  );
});

describe('the keys', () => {
  test('are one that encrypts and rotates, one that only derives approval links, one that only derives secrets of webhooks', () => {
    const keys = ofType(template, 'AWS::KMS::Key').map(([, { Properties }]) => [
      Properties.KeySpec ?? 'SYMMETRIC_DEFAULT',
      Properties.KeyUsage ?? 'ENCRYPT_DECRYPT',
      Properties.EnableKeyRotation ?? false,
    ]);
    expect(keys).toEqual([
      ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', true],
      ['HMAC_256', 'GENERATE_VERIFY_MAC', false],
      ['HMAC_256', 'GENERATE_VERIFY_MAC', false],
    ]);
  });

  test('survive the stack, as what they encrypt does', () => {
    for (const [, { DeletionPolicy }] of ofType(template, 'AWS::KMS::Key')) expect(DeletionPolicy).toBe('Retain');
    for (const [, { DeletionPolicy }] of ofType(disposable, 'AWS::KMS::Key')) expect(DeletionPolicy).toBe('Delete');
  });

  test('serve other services only for logs of this account', () => {
    const statements = ofType(template, 'AWS::KMS::Key').flatMap(
      ([, { Properties }]) => Properties.KeyPolicy.Statement,
    );
    const services = statements.filter(({ Principal }) => Principal.Service);
    expect(services.map(({ Principal }) => flat(Principal.Service))).toEqual(['logs.<AWS::Region>.<AWS::URLSuffix>']);
    expect(flat(services[0].Condition.ArnLike['kms:EncryptionContext:aws:logs:arn'])).toBe(
      'arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*',
    );
  });
});

describe('the approval topic', () => {
  test('is encrypted', () => {
    expect(flat(only(template, 'AWS::SNS::Topic').Properties.KmsMasterKeyId)).toEqual(isDataKey);
  });
});

describe('everything that can be reached over the network', () => {
  const policies = ['AWS::S3::BucketPolicy', 'AWS::SNS::TopicPolicy', 'AWS::SQS::QueuePolicy'].flatMap((type) =>
    ofType(template, type),
  );

  test('has a policy', () => {
    expect(policies).toHaveLength(1 + 1 + ofType(template, 'AWS::SQS::Queue').length);
  });

  test.each(policies)('%s demands TLS', (_, { Properties }) => {
    const denied = Properties.PolicyDocument.Statement.filter(
      ({ Effect, Condition }: { Effect: string; Condition?: Record<string, Record<string, string>> }) =>
        Effect === 'Deny' && Condition?.Bool?.['aws:SecureTransport'] === 'false',
    );
    expect(denied).toHaveLength(1);
  });
});

describe('logs', () => {
  const groups = ofType(template, 'AWS::Logs::LogGroup');

  test('exist for each function, each kind of build, the API and the workflow', () => {
    const own = [
      '/aws/vendedlogs/apis/stagegate',
      '/aws/vendedlogs/states/stagegate-deployment',
      '/stagegate/apply',
      '/stagegate/apply/kept',
      '/stagegate/inspect',
      '/stagegate/plan',
      '/stagegate/plan/kept',
    ];
    const functions = ofType(template, 'AWS::Lambda::Function').map(
      ([, { Properties }]) => `/aws/lambda/${Properties.FunctionName}`,
    );
    expect(groups.map(([, { Properties }]) => Properties.LogGroupName).sort()).toEqual([...own, ...functions].sort());
  });

  test('are encrypted, end after the configured days, and go with the stack', () => {
    const retention = (all: [string, Resource][]) => all.map(([, { Properties }]) => Properties.RetentionInDays);
    for (const [, { Properties, DeletionPolicy }] of groups) {
      expect(flat(Properties.KmsKeyId)).toEqual(isDataKey);
      expect(DeletionPolicy).toBe('Delete');
    }
    expect(new Set(retention(groups))).toEqual(new Set([365]));
    expect(new Set(retention(ofType(disposable, 'AWS::Logs::LogGroup')))).toEqual(new Set([30]));
  });

  test('of functions and builds go to their own group', () => {
    for (const [, { Properties }] of ofType(template, 'AWS::Lambda::Function')) {
      const group = template.Resources[Properties.LoggingConfig.LogGroup.Ref];
      expect(group?.Properties.LogGroupName).toBe(`/aws/lambda/${Properties.FunctionName}`);
    }
    for (const [, { Properties }] of ofType(template, 'AWS::CodeBuild::Project')) {
      const group = template.Resources[Properties.LogsConfig.CloudWatchLogs.GroupName.Ref];
      expect(group?.Properties.LogGroupName).toBe(`/${Properties.Name.replace('-', '/').replace(/-/, '/')}`);
    }
  });

  test('of the workflow have every step but none of the data', () => {
    expect(only(template, 'AWS::StepFunctions::StateMachine').Properties).toMatchObject({
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
      TracingConfiguration: { Enabled: true },
    });
  });
});
