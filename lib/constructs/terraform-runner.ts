import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Aws, Duration } from 'aws-cdk-lib';
import { BuildSpec, ComputeType, type IProject, LinuxArmBuildImage, Project, Source } from 'aws-cdk-lib/aws-codebuild';
import { type IRole, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import * as z from 'zod';
import { ProjectVariablesSchema } from '../../lambdas/domain/build-environment-variables.ts';
import { RUN_OBJECTS, RUNS_PREFIX } from '../../lambdas/domain/run-objects.ts';
import type { Config } from '../config.ts';
import type { DataStore } from './data-store.ts';
import type { Encryption } from './encryption.ts';
import { LeastPrivilegeRole, type Permission } from './permissions.ts';

/** A plan may only be applied where it was made: both builds work below this directory of the build image. */
const WORK_DIRECTORY = '/stagegate';

export interface TerraformRunnerProps {
  readonly config: Config;
  readonly data: DataStore;
  readonly encryption: Encryption;
  /** Directory with `plan.yml`, `apply.yml` and what they start. */
  readonly buildspecsDirectory: string;
}

/**
 * Where Terraform runs: one CodeBuild project that plans, one that applies, each with its own role. The builds execute
 * what a config repository says, so they are trusted with nothing but their environment's role, its source and their
 * own corner of the artifact bucket: no listing, no table, no other build.
 */
export class TerraformRunner extends Construct {
  readonly plan: IProject;
  readonly apply: IProject;
  readonly planRole: IRole;
  readonly applyRole: IRole;

  constructor(scope: Construct, id: string, props: TerraformRunnerProps) {
    super(scope, id);
    const { config, data, encryption, buildspecsDirectory } = props;
    const scripts = new Asset(this, 'Scripts', { path: buildspecsDirectory });
    const runs = (pattern: string) => ({
      resources: [data.bucket.arnForObjects(`${RUNS_PREFIX}${pattern}`)],
      wildcardReason: 'a run is named by deployment id and 128 random bits, which exist only at run time',
    });
    const targetRoles = (purpose: 'plan' | 'apply', more: readonly string[]): Permission => ({
      actions: ['sts:AssumeRole'],
      resources: [`arn:${Aws.PARTITION}:iam::*:role/stagegate-*-*-${purpose}`, ...more],
      wildcardReason: 'environments are registered at run time, in any account; each role asks for its external id',
    });

    const plan = this.build('Plan', {
      ...props,
      scripts,
      timeout: Duration.minutes(config.planTimeoutMinutes),
      permissions: [
        { actions: ['s3:PutObject'], ...runs('*/plan/*') },
        { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [encryption.dataKey.keyArn] },
        targetRoles('plan', config.allowedPlanRoleArns),
      ],
    });
    const apply = this.build('Apply', {
      ...props,
      scripts,
      timeout: Duration.minutes(config.applyTimeoutMinutes),
      permissions: [
        { actions: ['s3:GetObjectVersion'], ...runs(`*/${RUN_OBJECTS.bundle}`) },
        { actions: ['s3:PutObject'], ...runs('*/apply/*') },
        { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [encryption.dataKey.keyArn] },
        targetRoles('apply', config.allowedApplyRoleArns),
      ],
    });
    this.plan = plan.project;
    this.planRole = plan.role;
    this.apply = apply.project;
    this.applyRole = apply.role;
  }

  /** Lets a function see how builds ended. */
  watching(): Permission {
    return { actions: ['codebuild:BatchGetBuilds'], resources: [this.plan.projectArn, this.apply.projectArn] };
  }

  private build(id: 'Plan' | 'Apply', props: BuildProps): { project: IProject; role: IRole } {
    const { config, encryption, scripts, timeout, permissions, buildspecsDirectory } = props;
    const name = id === 'Plan' ? 'plan' : 'apply';
    const logGroup = encryption.logGroup(this, `${id}Logs`, `/stagegate/${name}`);
    const role = new LeastPrivilegeRole(this, `${id}Role`, {
      roleName: `stagegate-${name}-build`,
      description: `Stagegate: ${name} builds; the ${name} roles of environments trust it`,
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
      permissions: [
        { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] },
        {
          actions: ['s3:GetObject', 's3:GetObjectVersion'],
          resources: [scripts.bucket.arnForObjects(scripts.s3ObjectKey)],
        },
        ...bootstrapKeyPermissions(config, scripts),
        ...sourcePermissions(config),
        ...permissions,
      ],
    });
    const project = new Project(this, id, {
      projectName: `stagegate-${name}`,
      description: `Stagegate: terraform ${name}; started by the deployment workflow only`,
      role: role.withoutPolicyUpdates(),
      grantReportGroupPermissions: false,
      buildSpec: new VerbatimBuildSpec(join(buildspecsDirectory, `${name}.yml`)),
      // The primary source (the config repository) and its credentials come with each build; the project has none.
      secondarySources: [Source.s3({ identifier: 'program', bucket: scripts.bucket, path: scripts.s3ObjectKey })],
      environment: {
        buildImage: LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0,
        computeType: ComputeType.SMALL,
      },
      environmentVariables: projectVariables(config),
      encryptionKey: encryption.dataKey,
      logging: { cloudWatch: { logGroup } },
      timeout,
    });
    return { project, role };
  }
}

function projectVariables({ engineVersions }: Config): Record<string, { value: string }> {
  const variables = z.encode(ProjectVariablesSchema, {
    STAGEGATE_WORK: WORK_DIRECTORY,
    STAGEGATE_ENGINES: engineVersions,
  });
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, { value }]));
}

interface BuildProps extends TerraformRunnerProps {
  readonly scripts: Asset;
  readonly timeout: Duration;
  readonly permissions: readonly Permission[];
}

/**
 * What reading the build program needs where the bootstrap bucket has a key of the account's own: to decrypt it, through S3
 * and for nothing else. S3 names the object in the encryption context, or the bucket if that has a bucket key. What
 * `kms:ViaService` ends in differs between partitions; KMS writes it, so its beginning says enough.
 */
function bootstrapKeyPermissions({ bootstrapKeyArn }: Config, { bucket, s3ObjectKey }: Asset): Permission[] {
  if (!bootstrapKeyArn) return [];
  const conditions = {
    StringEquals: { 'kms:EncryptionContext:aws:s3:arn': [bucket.bucketArn, bucket.arnForObjects(s3ObjectKey)] },
    StringLike: { 'kms:ViaService': `s3.${bootstrapKeyArn.split(':')[3]}.*` },
  };
  return [{ actions: ['kms:Decrypt'], resources: [bootstrapKeyArn], conditions }];
}

/** What fetching config repositories needs: only the connections, secrets and repositories that the configuration names. */
function sourcePermissions({ allowedConnectionArns, allowedSecretArns, allowedCodeCommitArns }: Config): Permission[] {
  // A connection keeps the service prefix it was made with, and IAM compares actions by that prefix.
  const connections = ['codeconnections', 'codestar-connections'].flatMap((service) => {
    const resources = allowedConnectionArns.filter((arn) => arn.split(':')[2] === service);
    const actions = ['GetConnection', 'GetConnectionToken', 'UseConnection'].map((action) => `${service}:${action}`);
    return resources.length > 0 ? [{ actions, resources }] : [];
  });
  const others = [
    { actions: ['secretsmanager:GetSecretValue'], resources: allowedSecretArns },
    { actions: ['codecommit:GitPull'], resources: allowedCodeCommitArns },
  ].filter(({ resources }) => resources.length > 0);
  return [...connections, ...others];
}

/** The buildspec file as it is, in the project itself: a config repository cannot bring its own. */
class VerbatimBuildSpec extends BuildSpec {
  override readonly isImmediate = true;
  private readonly path: string;

  constructor(path: string) {
    super();
    this.path = path;
  }

  override toBuildSpec(): string {
    return readFileSync(this.path, 'utf8');
  }
}
