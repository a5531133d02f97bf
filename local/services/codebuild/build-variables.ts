import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { buildEndpoints, INHERITED_PREFIX, INHERITED_VARIABLES, type SubstitutedVariable } from '../../differences.ts';
import type { LocalContext } from '../local-context.ts';
import type { ReadySource, RunRequest } from './run-request.ts';

export interface BuildVariablesProps extends Pick<LocalContext, 'endpoint' | 'filesDirectory' | 'region'> {
  /** What Terraform providers see as the endpoint of AWS; backend and STS stay with the local cloud. */
  readonly targetEndpoint?: string;
  /** What builds get besides, over the inherited variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Values of the template's variables that differ on one machine (`local/differences.ts`). */
  readonly substitutions: () => Promise<Readonly<Record<SubstitutedVariable, string>>>;
}

/** Answers the environment variables of a build whose source is there. */
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
    // Compiling it is a good part of the start of a large program.
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

/** Only what the template gives the project can be replaced, and the log tells by what. */
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
  // The scripts' programs run on the Node.js that runs the local cloud, whatever else is installed.
  variables.PATH = `${dirname(process.execPath)}${delimiter}${variables.PATH ?? '/usr/bin:/bin'}`;
  // Terraform only warns about a missing file, but it does so in the middle of its JSON.
  if (!existsSync(variables.TF_CLI_CONFIG_FILE ?? '')) delete variables.TF_CLI_CONFIG_FILE;
  return variables;
}
