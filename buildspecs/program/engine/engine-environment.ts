import { TICKET_VARIABLE } from '../../../lambdas/domain/contract/build-credentials.ts';
import type { AnyBuild } from '../build/run-build.ts';

/**
 * Variables that the engine does not get. A plan must depend on the repository alone, and only the environment's own
 * role may sign. The build's own role and its ticket are not passed on, but code that looks for them on the machine can
 * still find them.
 */
const LEFT_OUT = new RegExp(
  `^(?:${[
    TICKET_VARIABLE,
    'AWS_(?:DEFAULT_)?PROFILE',
    'AWS_CONTAINER_.*',
    'AWS_ACCESS_KEY(?:_ID)?',
    'AWS_SECRET_(?:ACCESS_)?KEY',
    'AWS_(?:SESSION|SECURITY)_TOKEN',
    'AWS_ROLE_(?:ARN|SESSION_NAME)',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'TF_(?:WORKSPACE|DATA_DIR|LOG|LOG_PATH|CLI_ARGS.*|VAR_.*)',
    // These encrypt the plan, replace providers, and let the lock file change.
    'TF_(?:ENCRYPTION|REATTACH_PROVIDERS|PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE)',
  ].join('|')})$`,
);

/** Returns the engine's environment variables: the build's own, and those for the credentials of the environment. */
export function engineEnvironment({ machine, variables, engineCredentials }: AnyBuild): Record<string, string> {
  const passedOn = Object.entries(machine.environment).flatMap(([name, value]): [string, string][] =>
    value === undefined || LEFT_OUT.test(name) ? [] : [[name, value]],
  );
  return {
    ...Object.fromEntries(passedOn),
    ...engineCredentials,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_REGION: variables.STAGEGATE_REGION,
    AWS_DEFAULT_REGION: variables.STAGEGATE_REGION,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
  };
}
