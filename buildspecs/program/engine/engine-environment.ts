import { writeFileSync } from 'node:fs';
import type { EitherBuild } from '../build/run-build.ts';

/** What is planned follows from the repository alone, and only the environment's own role may sign. */
const LEFT_OUT =
  /^(?:AWS_PROFILE|AWS_DEFAULT_PROFILE|TF_WORKSPACE|TF_DATA_DIR|TF_LOG|TF_LOG_PATH|TF_CLI_ARGS.*|TF_VAR_.*)$/;

const PROFILE = 'stagegate';

/** The environment variables of the engine: the build's own, and the role of the environment as the one profile there is. */
export function engineEnvironment({ machine, variables, paths }: EitherBuild): Record<string, string> {
  const passedOn = Object.entries(machine.environment).flatMap(([name, value]): [string, string][] =>
    value === undefined || LEFT_OUT.test(name) ? [] : [[name, value]],
  );
  return {
    ...Object.fromEntries(passedOn),
    AWS_PROFILE: PROFILE,
    AWS_CONFIG_FILE: paths.awsConfig,
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_LOAD_CONFIG: '1',
    AWS_REGION: variables.STAGEGATE_REGION,
    AWS_DEFAULT_REGION: variables.STAGEGATE_REGION,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
  };
}

/**
 * Writes the profile with which provider and backend assume the environment's role alike, so that nothing in the team's
 * configuration changes and a long apply gets fresh credentials.
 */
export function writeProfile({ variables, paths }: EitherBuild): void {
  const lines = [
    `[profile ${PROFILE}]`,
    `role_arn = ${variables.STAGEGATE_ROLE_ARN}`,
    `external_id = ${variables.STAGEGATE_EXTERNAL_ID}`,
    `role_session_name = ${variables.STAGEGATE_DEPLOYMENT_ID}`,
    'credential_source = EcsContainer',
    `region = ${variables.STAGEGATE_REGION}`,
  ];
  writeFileSync(paths.awsConfig, `${lines.join('\n')}\n`, { mode: 0o600 });
}
