import * as z from 'zod';
import { BooleanProperty, NumberProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import type { Resource } from '../local-service.ts';
import { type Buildspec, parseBuildspec } from './buildspec.ts';
import { objectionToSource, type PrimarySource, SourceAuthSchema } from './source.ts';

const EnvironmentVariableSchema = z.strictObject({
  Name: z.string(),
  Value: z.string(),
  Type: z.literal('PLAINTEXT').default('PLAINTEXT'),
});

/** Properties of AWS::CodeBuild::Project that the local cloud understands. */
const ProjectPropertiesSchema = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  ServiceRole: z.string(),
  Source: z.strictObject({
    Type: z.string(),
    Location: z.string().optional(),
    Auth: SourceAuthSchema.optional(),
    BuildSpec: z.string().optional(),
    GitCloneDepth: NumberProperty.optional(),
  }),
  SecondarySources: z
    .array(z.strictObject({ Type: z.literal('S3'), Location: z.string(), SourceIdentifier: z.string() }))
    .default([]),
  Environment: z.strictObject({
    Type: z.string(),
    Image: z.string(),
    ComputeType: z.string(),
    ImagePullCredentialsType: z.string().optional(),
    PrivilegedMode: BooleanProperty.optional(),
    EnvironmentVariables: z.array(EnvironmentVariableSchema).default([]),
  }),
  Artifacts: z.strictObject({ Type: z.literal('NO_ARTIFACTS') }),
  Cache: z.strictObject({ Type: z.literal('NO_CACHE') }).optional(),
  LogsConfig: z
    .strictObject({
      CloudWatchLogs: z
        .strictObject({
          Status: z.enum(['ENABLED', 'DISABLED']),
          GroupName: z.string().optional(),
          StreamName: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
  EncryptionKey: z.string().optional(),
  TimeoutInMinutes: NumberProperty.default(60),
  QueuedTimeoutInMinutes: NumberProperty.default(480),
  Visibility: z.literal('PRIVATE').optional(),
  BadgeEnabled: BooleanProperty.pipe(z.literal(false)).optional(),
  Tags: TagsProperty,
});

/** A CodeBuild project: the settings of its builds, unless StartBuild overrides them. */
export interface Project {
  readonly name: string;
  readonly arn: string;
  readonly serviceRole: string;
  readonly source: PrimarySource;
  /** The inline text; the local cloud does not run a buildspec from a repository. */
  readonly buildspecText: string;
  readonly buildspec: Buildspec;
  readonly secondarySources: readonly {
    readonly type: string;
    readonly location: string;
    readonly sourceIdentifier: string;
  }[];
  readonly environment: { readonly type: string; readonly image: string; readonly computeType: string };
  readonly variables: Readonly<Record<string, string>>;
  readonly logGroup: string | undefined;
  readonly timeoutInMinutes: number;
  readonly queuedTimeoutInMinutes: number;
}

/** Reads AWS::CodeBuild::Project. The buildspec of a project must be inline in the template. */
export function readProject(
  resource: Resource,
  place: { readonly accountId: string; readonly region: string },
): Project {
  const properties = parseProperties(resource, ProjectPropertiesSchema);
  const { Source, Environment } = properties;
  const name = properties.Name ?? resource.generatedName;
  if (!Source.BuildSpec?.includes('\n')) {
    throw new Error(
      `project ${name}: its buildspec must be inline in the template, not "${Source.BuildSpec ?? 'in the repository'}"`,
    );
  }
  const source = {
    type: Source.Type,
    ...(Source.Location && { location: Source.Location }),
    ...(Source.Auth && { auth: { type: Source.Auth.Type, resource: Source.Auth.Resource } }),
  };
  const objection = objectionToSource(source);
  if (objection) throw new Error(`project ${name}: ${objection}`);
  const logs = properties.LogsConfig?.CloudWatchLogs;
  return {
    name,
    arn: `arn:aws:codebuild:${place.region}:${place.accountId}:project/${name}`,
    serviceRole: properties.ServiceRole,
    source,
    buildspecText: Source.BuildSpec,
    buildspec: parseBuildspec(Source.BuildSpec),
    secondarySources: properties.SecondarySources.map(({ Type, Location, SourceIdentifier }) => ({
      type: Type,
      location: Location,
      sourceIdentifier: SourceIdentifier,
    })),
    environment: { type: Environment.Type, image: Environment.Image, computeType: Environment.ComputeType },
    variables: Object.fromEntries(Environment.EnvironmentVariables.map(({ Name, Value }) => [Name, Value])),
    logGroup: logs?.Status === 'DISABLED' ? undefined : (logs?.GroupName ?? `/aws/codebuild/${name}`),
    timeoutInMinutes: properties.TimeoutInMinutes,
    queuedTimeoutInMinutes: properties.QueuedTimeoutInMinutes,
  };
}
