import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { BuildSpec, ComputeType, LinuxArmBuildImage, Project, Source } from 'aws-cdk-lib/aws-codebuild';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import * as z from 'zod';
import { CREDENTIALS_ROUTE } from '../../lambdas/domain/build-credentials.ts';
import { ProjectVariablesSchema } from '../../lambdas/domain/build-environment-variables.ts';
import {
  allowedSourceNames,
  type BuildSource,
  buildRoleName,
  PURPOSES,
  type Purpose,
  projectName,
  sourceName,
} from '../../lambdas/domain/build-source.ts';
import { PROVIDER_PACKAGES } from '../../lambdas/domain/provider-cache.ts';
import { RUN_OBJECTS, RUNS_PREFIX } from '../../lambdas/domain/run-objects.ts';
import type { Config } from '../config.ts';
import { codeCommitRepository, describeSource, PrivateSource, sourcePermissions, sourcesOf } from './config-sources.ts';
import type { DataStore } from './data-store.ts';
import type { Encryption } from './encryption.ts';
import { LeastPrivilegeRole, type Permission } from './permissions.ts';
import type { RestApi } from './rest-api.ts';

/** A plan may only be applied where it was made: both builds work below this directory of the build image. */
const WORK_DIRECTORY = '/stagegate';

export interface TerraformRunnerProps {
  readonly config: Config;
  readonly data: DataStore;
  readonly encryption: Encryption;
  /** Behind which the credentials broker is. */
  readonly api: RestApi;
  /** Directory with `plan.yml`, `apply.yml` and what they start. */
  readonly buildspecsDirectory: string;
}

/**
 * Where Terraform runs: for public sources, for CodeCommit and for each connection and secret that is allowed, one
 * CodeBuild project that plans and one that applies, each with a role of its own (ADR 54). The builds execute what a
 * config repository says, so they are trusted with nothing but what the broker answers their ticket with, the one credential of their
 * source, their own corner of the artifact bucket and one route of the API: no listing, no table, no role, no other build.
 */
export class TerraformRunner extends Construct {
  /** Names of the connections, secrets and repositories that builds may use, as the functions are told them. */
  readonly allowedSources: readonly string[];
  private readonly byPurpose: Readonly<Record<Purpose, readonly BuildProject[]>>;

  constructor(scope: Construct, id: string, props: TerraformRunnerProps) {
    super(scope, id);
    const { config, data, encryption, buildspecsDirectory } = props;
    const scripts = new Asset(this, 'Scripts', { path: buildspecsDirectory });
    const runs = (pattern: string) => ({
      resources: [data.bucket.arnForObjects(`${RUNS_PREFIX}${pattern}`)],
      wildcardReason: 'a run is named by deployment id and 128 random bits, which exist only at run time',
    });
    const credentials: Permission = {
      actions: ['execute-api:Invoke'],
      resources: [props.api.requestsOf(`${CREDENTIALS_ROUTE.method} ${CREDENTIALS_ROUTE.path}`)],
    };

    const providers: Permission = {
      actions: ['s3:GetObject'],
      resources: [data.bucket.arnForObjects(PROVIDER_PACKAGES.pattern)],
      wildcardReason:
        'which providers a build needs is in the lock file of what it plans; their packages are no secret',
    };

    const plan = (source: BuildSource) =>
      this.build('Plan', source, {
        ...props,
        scripts,
        timeout: Duration.minutes(config.planTimeoutMinutes),
        permissions: [
          { actions: ['s3:PutObject'], ...runs('*/plan/*') },
          { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [encryption.dataKey.keyArn] },
          credentials,
          ...(config.providerCache ? [providers] : []),
        ],
      });
    const apply = (source: BuildSource) =>
      this.build('Apply', source, {
        ...props,
        scripts,
        timeout: Duration.minutes(config.applyTimeoutMinutes),
        permissions: [
          { actions: ['s3:GetObjectVersion'], ...runs(`*/${RUN_OBJECTS.bundle}`) },
          { actions: ['s3:PutObject'], ...runs('*/apply/*') },
          { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [encryption.dataKey.keyArn] },
          credentials,
          ...(config.providerCache ? [providers] : []),
        ],
      });
    const sources = sourcesOf(config);
    this.byPurpose = { plan: sources.map(plan), apply: sources.map(apply) };
    const allowed = [...config.allowedConnectionArns, ...config.allowedSecretArns];
    this.allowedSources = allowedSourceNames(allowed, config.allowedCodeCommitArns.map(codeCommitRepository));
  }

  projects(purpose: Purpose): readonly BuildProject[] {
    return this.byPurpose[purpose];
  }

  /** Lets a function see how builds ended. */
  watching(): Permission {
    const projects = PURPOSES.flatMap((purpose) => this.projects(purpose));
    return { actions: ['codebuild:BatchGetBuilds'], resources: projects.map(({ arn }) => arn) };
  }

  private build(kind: 'Plan' | 'Apply', source: BuildSource, props: BuildProps): BuildProject {
    const { config, encryption, scripts, timeout, permissions, buildspecsDirectory } = props;
    const name = kind === 'Plan' ? 'plan' : 'apply';
    const suffix = sourceName(source);
    const id = suffix === undefined ? kind : `${kind}-${suffix}`;
    const logGroup = encryption.logGroup(this, `${id}Logs`, ['/stagegate', name, suffix].filter(Boolean).join('/'));
    const role = new LeastPrivilegeRole(this, `${id}Role`, {
      roleName: buildRoleName(name, source),
      description: `Stagegate: ${name} builds ${describeSource(source)}`,
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
      permissions: [
        { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] },
        {
          actions: ['s3:GetObject', 's3:GetObjectVersion'],
          resources: [scripts.bucket.arnForObjects(scripts.s3ObjectKey)],
        },
        ...bootstrapKeyPermissions(config, scripts),
        ...sourcePermissions(source, config),
        ...permissions,
      ],
    });
    const { projectArn } = new Project(this, id, {
      projectName: projectName(name, source),
      description: `Stagegate: terraform ${name} ${describeSource(source)}; started by the deployment workflow only`,
      role: role.withoutPolicyUpdates(),
      grantReportGroupPermissions: false,
      buildSpec: new VerbatimBuildSpec(join(buildspecsDirectory, `${name}.yml`)),
      // Each build brings its own location and commit; public sources also their type.
      ...(source.kind !== 'public' && { source: new PrivateSource(source, config) }),
      secondarySources: [Source.s3({ identifier: 'program', bucket: scripts.bucket, path: scripts.s3ObjectKey })],
      environment: {
        buildImage: LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0,
        computeType: ComputeType.SMALL,
      },
      environmentVariables: projectVariables(config, props.api),
      encryptionKey: encryption.dataKey,
      logging: { cloudWatch: { logGroup } },
      timeout,
    });
    return { name: projectName(name, source), arn: projectArn };
  }
}

/** A project as others refer to it: by the name that its requests bear, and for permissions. */
export interface BuildProject {
  readonly name: string;
  readonly arn: string;
}

function projectVariables({ engineVersions, providerCache }: Config, api: RestApi): Record<string, { value: string }> {
  const known = z.encode(ProjectVariablesSchema.omit({ STAGEGATE_API_URL: true }), {
    STAGEGATE_WORK: WORK_DIRECTORY,
    STAGEGATE_ENGINES: engineVersions,
    STAGEGATE_PROVIDER_CACHE: providerCache ? 'on' : 'off',
  });
  // The address of the API exists only once it is deployed.
  const variables: z.input<typeof ProjectVariablesSchema> = { ...known, STAGEGATE_API_URL: api.url };
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
