import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchGetBuildsCommand, type Build, CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { GetObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { bundleBuildspecs } from '../../../buildspecs/bundle.ts';
import { inspectProject } from '../../../lambdas/domain/contract/build-source.ts';
import { RUN_OBJECTS } from '../../../lambdas/domain/contract/run-objects.ts';
import { createDoor, type LocalDoor, OPERATOR_CREDENTIALS } from '../../../local/door/door.ts';
import { startDoorServer } from '../../../local/door/door-server.ts';
import { openDatabase } from '../../../local/persistence/database.ts';
import {
  type CodeBuildProps,
  type CodeBuildService,
  createCodeBuildService,
} from '../../../local/services/codebuild/codebuild-service.ts';
import { createKmsService } from '../../../local/services/kms/kms-service.ts';
import type { LocalContext } from '../../../local/services/local-context.ts';
import type { Resource } from '../../../local/services/local-service.ts';
import { createS3Service, type S3Service } from '../../../local/services/s3/s3-service.ts';
import { createStsService } from '../../../local/services/sts/sts-service.ts';
import { createGitRepository, type GitRepository } from './git-repository.ts';
import { type StandInBroker, startStandInBroker } from './stand-in-broker.ts';

export const accountId = '111111111111';
export const region = 'eu-west-1';
export const targetAccountId = '222222222222';
export const artifactBucket = 'stagegate-artifacts';
export const stateBucket = `stagegate-state-${targetAccountId}-${region}`;

/**
 * CodeBuild, S3, STS and KMS behind the door, with the three projects, a broker for their tickets and a git repository
 * with sources.
 */
export interface BuildCloud {
  readonly directory: string;
  readonly door: LocalDoor;
  readonly s3: S3Service;
  readonly codebuild: CodeBuildService;
  readonly repository: GitRepository;
  readonly broker: StandInBroker;
  readonly client: CodeBuildClient;
  readonly objects: S3Client;
  readonly url: string;
  addProject(name: string, buildspec: string, properties?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Creates an environment's plan and apply roles as they would be in its account. */
  addEnvironment(environment: Environment): void;
  start(project: string, variables?: Readonly<Record<string, string>>, sourceVersion?: string): Promise<Build>;
  /** Starts a build without a source version, in a project that already has its source. */
  startWithoutSource(project: string, variables?: Readonly<Record<string, string>>): Promise<Build>;
  ended(id: string | undefined): Promise<Build>;
  current(id: string | undefined): Promise<Build>;
  log(id: string | undefined): string;
  /** Returns the JSON of an object, or undefined. */
  readJson(bucket: string, key: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface Environment {
  readonly application: string;
  readonly name: string;
  readonly externalId: string;
  readonly state?: { readonly bucket: string; readonly key: string };
  /** Roles whose names do not follow the convention. */
  readonly roles?: { readonly plan?: string; readonly apply?: string };
}

export const stateKeyOf = ({ application, name }: Environment) => `apps/${application}/${name}/terraform.tfstate`;
export const roleArnOf = ({ application, name, roles = {} }: Environment, purpose: 'plan' | 'apply') =>
  roles[purpose] ?? `arn:aws:iam::${targetAccountId}:role/stagegate-${application}-${name}-${purpose}`;

/** The parts of the cloud from which a preparation of builds is made. */
export interface CloudParts {
  readonly context: LocalContext;
  readonly door: LocalDoor;
  readonly s3: S3Service;
}

const plain = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables).map(([name, value]) => ({ name, value, type: 'PLAINTEXT' as const }));

/** Variables that the local cloud replaces for builds. */
const SUBSTITUTED = { STAGEGATE_WORK: '/stagegate', STAGEGATE_ENGINES: '[]' };
const containerWith = (variables: Readonly<Record<string, string>>) => ({
  Type: 'ARM_CONTAINER',
  Image: 'aws/codebuild/amazonlinux-aarch64-standard:3.0',
  ComputeType: 'BUILD_GENERAL1_SMALL',
  EnvironmentVariables: Object.entries(variables).map(([Name, Value]) => ({ Name, Value, Type: 'PLAINTEXT' })),
});

const trusting = (Principal: object, Condition?: object) => ({
  Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...(Condition ? { Condition } : {}) }],
});

/** Opens the cloud. With a directory, its data is kept after the cloud is closed. */
export async function openBuildCloud(
  props: Omit<CodeBuildProps, 'onSourceReady'> & {
    directory?: string;
    repository?: GitRepository;
    beforeBuild?: (parts: CloudParts) => CodeBuildProps['onSourceReady'];
  } = {},
): Promise<BuildCloud> {
  const directory = props.directory ?? mkdtempSync(join(tmpdir(), 'stagegate-builds-'));
  const repository = props.repository ?? createGitRepository();
  const asset = join(directory, 'asset');
  await bundleBuildspecs(asset);
  const log = () => {};
  const door = createDoor({ accountId, region, log });
  const server = await startDoorServer(door, log);
  const filesDirectory = join(directory, 'files');
  mkdirSync(filesDirectory, { recursive: true });
  const database = openDatabase(directory);
  const context: LocalContext = {
    door,
    database,
    accountId,
    region,
    filesDirectory,
    log,
    assemblyDirectory: directory,
    endpoint: () => server.url,
    findAsset: () => ({ path: asset, packaging: 'zip' }),
  };
  const s3 = createS3Service(context);
  const kms = createKmsService(context);
  const sts = createStsService(context);
  const codebuild = createCodeBuildService(context, {
    configRepository: repository.directory,
    ...props,
    onSourceReady: props.beforeBuild?.({ context, door, s3 }),
  });
  for (const { service } of [s3, kms, sts, codebuild]) if (service) door.register(service);

  const resource = (type: string, properties: Resource['properties']): Resource => ({
    logicalId: 'Thing',
    generatedName: 'Stack-Thing-0123456789AB',
    type,
    properties,
  });
  const account = (id: string) => ({ AWS: `arn:aws:iam::${id}:root` });
  const key = await kms.provisioners['AWS::KMS::Key']?.(
    resource('AWS::KMS::Key', {
      KeyPolicy: { Statement: [{ Effect: 'Allow', Principal: account(accountId), Action: 'kms:*', Resource: '*' }] },
    }),
  );
  const keyArn = key?.attributes.Arn ?? '';
  await s3.provisioners['AWS::S3::Bucket']?.(
    resource('AWS::S3::Bucket', {
      BucketName: artifactBucket,
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn },
            BucketKeyEnabled: true,
          },
        ],
      },
    }),
  );
  await s3
    .provisionersFor({ accountId: targetAccountId, region })
    ['AWS::S3::Bucket']?.(
      resource('AWS::S3::Bucket', { BucketName: stateBucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );

  const runs = (pattern: string) => `arn:aws:s3:::${artifactBucket}/runs/${pattern}`;
  door.setResourcePolicy(`arn:aws:s3:::${artifactBucket}`, {
    Statement: [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Resource: runs('*'),
        Condition: { Null: { 's3:if-none-match': 'true' } },
      },
    ],
  });
  const results = ['s3:GetObject', 's3:PutObject'];
  const grants = {
    plan: [{ Effect: 'Allow', Action: results, Resource: runs('*/plan/*') }],
    inspect: [
      {
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: [runs(`*/${RUN_OBJECTS.tree}`), runs(`*/${RUN_OBJECTS.bundle}`)],
      },
      { Effect: 'Allow', Action: results, Resource: runs('*/inspect/*') },
    ],
    apply: [
      { Effect: 'Allow', Action: 's3:GetObject', Resource: runs(`*/${RUN_OBJECTS.tree}`) },
      { Effect: 'Allow', Action: 's3:GetObjectVersion', Resource: runs(`*/${RUN_OBJECTS.bundle}`) },
      { Effect: 'Allow', Action: results, Resource: runs('*/apply/*') },
    ],
  };
  for (const purpose of ['plan', 'inspect', 'apply'] as const) {
    const roleArn = `arn:aws:iam::${accountId}:role/stagegate-${purpose}-build`;
    door.policies.putRole(roleArn, trusting({ Service: 'codebuild.amazonaws.com' }));
    door.policies.putRolePolicy(roleArn, 'Permissions', {
      Statement: [
        ...grants[purpose],
        { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn },
        {
          Effect: 'Allow',
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Resource: 'arn:aws:logs:*:*:log-group:/stagegate/*',
        },
        { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::assets/scripts.zip' },
      ],
    });
  }

  const brokerRoleArn = `arn:aws:iam::${accountId}:role/stagegate-credentials`;
  door.policies.putRole(brokerRoleArn, trusting({ Service: 'lambda.amazonaws.com' }));
  door.policies.putRolePolicy(brokerRoleArn, 'Permissions', {
    Statement: ['plan', 'apply'].map((purpose) => ({
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Resource: `arn:aws:iam::*:role/stagegate-*-*-${purpose}`,
    })),
  });
  const broker = await startStandInBroker(door, brokerRoleArn);

  const connection = { endpoint: server.url, region, credentials: OPERATOR_CREDENTIALS, maxAttempts: 1 };
  const client = new CodeBuildClient(connection);
  const objects = new S3Client(connection);
  const cloud: BuildCloud = {
    directory,
    door,
    s3,
    codebuild,
    repository,
    broker,
    client,
    objects,
    url: server.url,
    async addProject(name, buildspec, properties = {}) {
      await codebuild.provisioners['AWS::CodeBuild::Project']?.(
        resource('AWS::CodeBuild::Project', {
          Name: name,
          ServiceRole: `arn:aws:iam::${accountId}:role/${name}-build`,
          Source: { Type: 'NO_SOURCE', BuildSpec: buildspec },
          SecondarySources: [{ Type: 'S3', Location: 'assets/scripts.zip', SourceIdentifier: 'program' }],
          Environment: containerWith({ ...SUBSTITUTED, STAGEGATE_API_URL: broker.url }),
          Artifacts: { Type: 'NO_ARTIFACTS' },
          LogsConfig: { CloudWatchLogs: { Status: 'ENABLED', GroupName: '/stagegate/builds' } },
          TimeoutInMinutes: 60,
          ...properties,
        }),
      );
    },
    addEnvironment(environment) {
      const { bucket, key: stateKey } = environment.state ?? { bucket: stateBucket, key: stateKeyOf(environment) };
      const state = `arn:aws:s3:::${bucket}/${stateKey}`;
      const lock = {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        Resource: `${state}.tflock`,
      };
      const list = { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` };
      const own = {
        plan: { Effect: 'Allow', Action: 's3:GetObject', Resource: state },
        apply: { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], Resource: state },
      };
      for (const purpose of ['plan', 'apply'] as const) {
        const roleArn = roleArnOf(environment, purpose);
        door.policies.putRole(
          roleArn,
          trusting({ AWS: brokerRoleArn }, { StringEquals: { 'sts:ExternalId': environment.externalId } }),
        );
        door.policies.putRolePolicy(roleArn, 'Environment', { Statement: [own[purpose], lock, list] });
      }
    },
    async start(projectName, variables = {}, sourceVersion = undefined) {
      const { build } = await client.send(
        new StartBuildCommand({
          projectName,
          sourceTypeOverride: 'GITHUB',
          sourceLocationOverride: 'https://github.com/acme/config.git',
          sourceVersion: sourceVersion ?? 'main',
          environmentVariablesOverride: plain(variables),
        }),
      );
      return build ?? {};
    },
    async startWithoutSource(projectName, variables = {}) {
      const { build } = await client.send(
        new StartBuildCommand({ projectName, environmentVariablesOverride: plain(variables) }),
      );
      return build ?? {};
    },
    async ended(id) {
      await codebuild.buildEnds(id ?? '');
      return cloud.current(id);
    },
    async current(id) {
      const { builds } = await client.send(new BatchGetBuildsCommand({ ids: [id ?? ''] }));
      return builds?.[0] ?? {};
    },
    log(id) {
      const file = join(filesDirectory, 'build-logs', `${id?.split(':')[1]}.log`);
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    },
    async readJson(bucket, objectKey) {
      try {
        const { Body } = await objects.send(new GetObjectCommand({ Bucket: bucket, Key: objectKey }));
        return JSON.parse((await Body?.transformToString()) ?? 'null');
      } catch (error) {
        if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return undefined;
        throw error;
      }
    },
    async close() {
      await codebuild.stop?.();
      client.destroy();
      objects.destroy();
      await broker.close();
      await server.close();
      database.close();
      if (!props.repository) repository.remove();
      if (!props.directory) rmSync(directory, { recursive: true, force: true });
    },
  };
  for (const name of ['plan', 'apply']) {
    await cloud.addProject(`stagegate-${name}`, readFileSync(join(asset, `${name}.yml`), 'utf8'));
  }
  const BuildSpec = readFileSync(join(asset, 'inspect.yml'), 'utf8');
  await cloud.addProject(inspectProject('stagegate'), BuildSpec, {
    Source: { Type: 'S3', Location: 'assets/scripts.zip', BuildSpec },
    SecondarySources: [],
    Environment: containerWith(SUBSTITUTED),
  });
  return cloud;
}
