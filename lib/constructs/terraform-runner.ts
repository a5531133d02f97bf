import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { BuildSpec, ComputeType, type ISource, LinuxArmBuildImage, Project, Source } from 'aws-cdk-lib/aws-codebuild';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import * as z from 'zod';
import { CREDENTIALS_ROUTE } from '../../lambdas/domain/contract/build-credentials.ts';
import {
  InspectProjectVariablesSchema,
  type ProjectVariablesSchema,
} from '../../lambdas/domain/contract/build-environment-variables.ts';
import {
  allowedSourceNames,
  type BuildSource,
  buildRoleName,
  inspectProject,
  inspectRole,
  KEPT_SOURCE,
  PURPOSES,
  type Purpose,
  projectName,
  sourceName,
} from '../../lambdas/domain/contract/build-source.ts';
import { buildLogsPrefix } from '../../lambdas/domain/contract/installation.ts';
import { PROVIDER_PACKAGES } from '../../lambdas/domain/contract/provider-cache.ts';
import { KEPT_PREFIX, RUN_OBJECTS, RUNS_PREFIX } from '../../lambdas/domain/contract/run-objects.ts';
import type { Config } from '../config.ts';
import { codeCommitRepository, describeSource, PrivateSource, sourcePermissions, sourcesOf } from './config-sources.ts';
import type { DataStore } from './data-store.ts';
import type { Encryption } from './encryption.ts';
import { LeastPrivilegeRole, type Permission } from './permissions.ts';
import type { RestApi } from './rest-api.ts';

/**
 * The directory of all builds: they share one, because a plan may only be applied in the directory where it was made.
 */
const WORK_DIRECTORY = '/stagegate';

export interface TerraformRunnerProps {
  readonly config: Config;
  readonly data: DataStore;
  readonly encryption: Encryption;
  /** The API with the route of the credentials broker. */
  readonly api: RestApi;
  /** Directory with the buildspecs and the programs they start. */
  readonly buildspecsDirectory: string;
}

/**
 * The projects that run Terraform. Public sources, CodeCommit, and each allowed connection and secret have one
 * CodeBuild project that plans and one that applies, each with a role of its own (ADR 54). These builds execute what a
 * config repository says. They therefore get only the broker's answer to their ticket, the one credential of their
 * source, a part of the artifact bucket, and one route of the API: no listing, no table, no role, no other build. Two
 * projects plan and apply trees that are kept with environments (ADR 84), and fetch nothing. One more project reads
 * plans for people. No code of a repository runs there, so it neither fetches one nor asks the broker.
 */
export class TerraformRunner extends Construct {
  /** Names of the connections, secrets and repositories that builds may use, in the form that functions get them. */
  readonly allowedSources: readonly string[];
  /** The project that reads plans for people. */
  readonly inspect: BuildProject;
  private readonly byPurpose: Readonly<Record<Purpose, readonly BuildProject[]>>;
  private readonly props: TerraformRunnerProps;
  private readonly scripts: Asset;

  constructor(scope: Construct, id: string, props: TerraformRunnerProps) {
    super(scope, id);
    const { config, data, encryption } = props;
    this.props = props;
    this.scripts = new Asset(this, 'Scripts', { path: props.buildspecsDirectory });
    const runs = (...patterns: readonly string[]) => ({
      resources: patterns.map((pattern) => data.bucket.arnForObjects(`${RUNS_PREFIX}${pattern}`)),
      wildcardReason: 'a run is named by deployment id and 128 random bits, which exist only at run time',
    });
    const sealing: Permission = {
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [encryption.dataKey.keyArn],
    };
    const credentials: Permission = {
      actions: ['execute-api:Invoke'],
      resources: [props.api.requestsOf(`${CREDENTIALS_ROUTE.method} ${CREDENTIALS_ROUTE.path}`)],
    };
    const providers = (...actions: readonly string[]): Permission[] =>
      config.providerCache
        ? [
            {
              actions,
              resources: [data.bucket.arnForObjects(PROVIDER_PACKAGES.pattern)],
              wildcardReason:
                'which providers a build needs is in the lock file of what it plans; their packages are no secret',
            },
          ]
        : [];
    /** Reading is for lost answers: the build then checks whether it wrote the existing object itself. */
    const results = (directory: string): Permission => ({
      actions: ['s3:GetObject', 's3:PutObject'],
      ...runs(`*/${directory}/*`),
    });

    const kept: Permission = {
      actions: ['s3:GetObjectVersion'],
      resources: [data.bucket.arnForObjects(`${KEPT_PREFIX}*`)],
      wildcardReason: 'a kept tree is named by deployment id and 128 random bits, which exist only at run time',
    };

    const plan = (source: BuildSource) =>
      this.build('Plan', source, Duration.minutes(config.planTimeoutMinutes), [
        ...(source.kind === 'kept' ? [kept] : []),
        results('plan'),
        sealing,
        credentials,
        ...providers('s3:GetObject'),
      ]);
    const apply = (source: BuildSource) =>
      this.build('Apply', source, Duration.minutes(config.applyTimeoutMinutes), [
        { actions: ['s3:GetObject'], ...runs(`*/${RUN_OBJECTS.tree}`) },
        { actions: ['s3:GetObjectVersion'], ...runs(`*/${RUN_OBJECTS.bundle}`) },
        results('apply'),
        sealing,
        credentials,
        ...providers('s3:GetObject'),
      ]);
    const sources = [...sourcesOf(config), KEPT_SOURCE];
    this.byPurpose = { plan: sources.map(plan), apply: sources.map(apply) };
    this.inspect = this.project('Inspect', {
      name: inspectProject(config.installation),
      roleName: inspectRole(config.installation),
      logs: `${buildLogsPrefix(config.installation)}inspect`,
      buildspec: 'inspect',
      does: 'inspect plans for those who approve them',
      source: this.programAlone(),
      variables: commonVariables(config),
      timeout: Duration.minutes(config.planTimeoutMinutes),
      permissions: [
        { actions: ['s3:GetObject'], ...runs(`*/${RUN_OBJECTS.tree}`, `*/${RUN_OBJECTS.bundle}`) },
        results('inspect'),
        sealing,
        // It checks packages against the lock file, and may therefore store those from a registry for later builds.
        ...providers('s3:GetObject', 's3:PutObject'),
      ],
    });
    const allowed = [...config.allowedConnectionArns, ...config.allowedSecretArns];
    this.allowedSources = allowedSourceNames(allowed, config.allowedCodeCommitArns.map(codeCommitRepository));
  }

  projects(purpose: Purpose): readonly BuildProject[] {
    return this.byPurpose[purpose];
  }

  /** Lets a function read the status of builds: of one purpose, or of all. */
  watching(only?: Purpose): Permission {
    const all = [...PURPOSES.flatMap((purpose) => this.projects(purpose)), this.inspect];
    const projects = only ? this.projects(only) : all;
    return { actions: ['codebuild:BatchGetBuilds'], resources: projects.map(({ arn }) => arn) };
  }

  /** Makes a project that plans or applies, with the permissions to fetch one source. */
  private build(
    kind: 'Plan' | 'Apply',
    source: BuildSource,
    timeout: Duration,
    permissions: readonly Permission[],
  ): BuildProject {
    const { config, api } = this.props;
    const purpose = kind === 'Plan' ? 'plan' : 'apply';
    const suffix = sourceName(source);
    return this.project(suffix === undefined ? kind : `${kind}-${suffix}`, {
      name: projectName(config.installation, purpose, source),
      roleName: buildRoleName(config.installation, purpose, source),
      logs: buildLogsPrefix(config.installation) + [purpose, suffix].filter(Boolean).join('/'),
      does: `${purpose} ${describeSource(source)}`,
      ...(source.kind === 'kept'
        ? { buildspec: `${purpose}-kept`, source: this.programAlone() }
        : { buildspec: purpose, program: 'program' }),
      // Each build names its own location and commit; for a public source, also the type.
      ...(source.kind !== 'public' && source.kind !== 'kept' && { source: new PrivateSource(source, config) }),
      // The address of the API exists only once it is deployed.
      variables: { ...commonVariables(config), STAGEGATE_API_URL: api.url } satisfies z.input<
        typeof ProjectVariablesSchema
      >,
      timeout,
      permissions: [...sourcePermissions(source, config), ...permissions],
    });
  }

  /** The source of builds that fetch no repository: their program. */
  private programAlone(): ISource {
    return Source.s3({ bucket: this.scripts.bucket, path: this.scripts.s3ObjectKey });
  }

  /** Makes a project with its log and its role, which may read the program and has the listed permissions. */
  private project(id: string, own: ProjectProps): BuildProject {
    const { config, encryption, buildspecsDirectory } = this.props;
    const { scripts } = this;
    const logGroup = encryption.logGroup(this, `${id}Logs`, own.logs);
    const role = new LeastPrivilegeRole(this, `${id}Role`, {
      roleName: own.roleName,
      description: `Stagegate: builds that ${own.does}`,
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
      permissions: [
        { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] },
        {
          actions: ['s3:GetObject', 's3:GetObjectVersion'],
          resources: [scripts.bucket.arnForObjects(scripts.s3ObjectKey)],
        },
        ...bootstrapKeyPermissions(config, scripts),
        ...own.permissions,
      ],
    });
    const { projectArn } = new Project(this, id, {
      projectName: own.name,
      description: `Stagegate: ${own.does}; started by the deployment workflow only`,
      role: role.withoutPolicyUpdates(),
      grantReportGroupPermissions: false,
      buildSpec: new VerbatimBuildSpec(join(buildspecsDirectory, `${own.buildspec}.yml`)),
      ...(own.source && { source: own.source }),
      ...(own.program !== undefined && {
        secondarySources: [Source.s3({ identifier: own.program, bucket: scripts.bucket, path: scripts.s3ObjectKey })],
      }),
      environment: {
        buildImage: LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0,
        computeType: ComputeType.SMALL,
      },
      environmentVariables: Object.fromEntries(Object.entries(own.variables).map(([name, value]) => [name, { value }])),
      encryptionKey: encryption.dataKey,
      logging: { cloudWatch: { logGroup } },
      timeout: own.timeout,
    });
    return { name: own.name, arn: projectArn };
  }
}

/** A reference to a project: the name for requests, and the ARN for permissions. */
export interface BuildProject {
  readonly name: string;
  readonly arn: string;
}

interface ProjectProps {
  readonly name: string;
  readonly roleName: string;
  /** Name of the log group. */
  readonly logs: string;
  /** Name of the file with the commands. */
  readonly buildspec: string;
  /** What the builds do, for descriptions. */
  readonly does: string;
  /** Without a source, each build names its own. */
  readonly source?: ISource;
  /** The identifier of the program as a second source. Without it, the program is the source. */
  readonly program?: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly timeout: Duration;
  readonly permissions: readonly Permission[];
}

/** Returns the variables of every project. */
const commonVariables = ({ engineVersions, providerCache }: Config): z.input<typeof InspectProjectVariablesSchema> =>
  z.encode(InspectProjectVariablesSchema, {
    STAGEGATE_WORK: WORK_DIRECTORY,
    STAGEGATE_ENGINES: engineVersions,
    STAGEGATE_PROVIDER_CACHE: providerCache ? 'on' : 'off',
  });

/**
 * Lets builds read their program from a bootstrap bucket that has the account's own key: to decrypt the program,
 * through S3 only. S3 names the object in the encryption context, or the bucket when that has a bucket key. The end of
 * `kms:ViaService` differs between partitions. KMS writes the value, so checking its beginning is enough.
 */
function bootstrapKeyPermissions({ bootstrapKeyArn }: Config, { bucket, s3ObjectKey }: Asset): Permission[] {
  if (!bootstrapKeyArn) return [];
  const conditions = {
    StringEquals: { 'kms:EncryptionContext:aws:s3:arn': [bucket.bucketArn, bucket.arnForObjects(s3ObjectKey)] },
    StringLike: { 'kms:ViaService': `s3.${bootstrapKeyArn.split(':')[3]}.*` },
  };
  return [{ actions: ['kms:Decrypt'], resources: [bootstrapKeyArn], conditions }];
}

/** Puts the unchanged buildspec file into the project, so that a config repository cannot bring its own. */
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
