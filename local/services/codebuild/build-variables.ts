import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { buildEndpoints, INHERITED_PREFIX, INHERITED_VARIABLES, type SubstitutedVariable } from '../../differences.ts';
import type { LocalContext } from '../local-context.ts';
import type { ReadySource, RunRequest } from './run-request.ts';

export interface BuildVariablesProps extends Pick<LocalContext, 'endpoint' | 'filesDirectory' | 'region'> {
  /** The address that Terraform providers use for AWS; the backend and STS stay with the local cloud. */
  readonly targetEndpoint?: string;
  /** Additional variables for builds; they override the inherited ones. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Values of the template's variables that are different on one machine (`local/differences.ts`). */
  readonly substitutions: () => Promise<Readonly<Record<SubstitutedVariable, string>>>;
}

/** Returns the environment variables of a build whose source has been fetched. */
export async function buildVariables(
  request: RunRequest,
  { directory, secondary }: Pick<ReadySource, 'directory' | 'secondary'>,
  props: BuildVariablesProps,
): Promise<Record<string, string>> {
  const { build, project, variables, credentials } = request;
  const directories = Object.entries(secondary).map(([name, path]) => [`CODEBUILD_SRC_DIR_${name}`, path]);
  return {
    ...inheritedVariables(),
    ...props.environment,
    ...project.buildspec.env.variables,
    ...project.variables,
    ...variables,
    ...(await substituted(request, props.substitutions)),
    AWS_REGION: props.region,
    AWS_DEFAULT_REGION: props.region,
    ...buildEndpoints(props.endpoint(), props.targetEndpoint),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: credentials.url,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: credentials.token,
    // A large program spends a good part of its start on compiling.
    NODE_COMPILE_CACHE: join(props.filesDirectory, 'compile-cache'),
    CODEBUILD_CI: 'true',
    CODEBUILD_BUILD_ID: build.id,
    CODEBUILD_BUILD_ARN: build.arn,
    CODEBUILD_BUILD_NUMBER: String(build.buildNumber),
    CODEBUILD_BUILD_IMAGE: build.environment.image,
    CODEBUILD_INITIATOR: build.initiator,
    CODEBUILD_START_TIME: String(Math.round(build.startTime * 1000)),
    CODEBUILD_SOURCE_REPO_URL: build.source.location ?? '',
    CODEBUILD_SOURCE_VERSION: build.sourceVersion ?? '',
    CODEBUILD_RESOLVED_SOURCE_VERSION: build.resolvedSourceVersion ?? '',
    CODEBUILD_SRC_DIR: directory,
    ...Object.fromEntries(directories),
  };
}

/**
 * Returns the replaced variables and logs each of them. Only variables that the template gives the project can be
 * replaced.
 */
async function substituted(
  { project, log }: RunRequest,
  substitutions: BuildVariablesProps['substitutions'],
): Promise<Record<string, string>> {
  const replaced = Object.entries(await substitutions()).filter(([name]) => name in project.variables);
  for (const [name, value] of replaced)
    log.note(`${name} is ${value} on this machine; in AWS it is ${project.variables[name]}`);
  return Object.fromEntries(replaced);
}

function inheritedVariables(): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const isInherited = INHERITED_VARIABLES.includes(name) || name.startsWith(INHERITED_PREFIX);
    if (value !== undefined && isInherited) variables[name] = value;
  }
  // Programs in the scripts run on the Node.js that runs the local cloud, even if another one is installed.
  variables.PATH = `${dirname(process.execPath)}${delimiter}${variables.PATH ?? '/usr/bin:/bin'}`;
  // Terraform only warns about a missing file, but prints the warning in the middle of its JSON output.
  if (!existsSync(variables.TF_CLI_CONFIG_FILE ?? '')) delete variables.TF_CLI_CONFIG_FILE;
  return variables;
}
