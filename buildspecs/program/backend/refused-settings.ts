import { PhaseError } from '../build/failure.ts';
import type { BackendSetting } from './declared-backend.ts';

/** Arguments that bring credentials. Only the environment's own role may be used; other credentials would bypass it. */
export const ownCredentials = new Set([
  ...['profile', 'shared_credentials_file', 'shared_credentials_files', 'shared_config_files'],
  ...['access_key', 'secret_key', 'token', 'assume_role_with_web_identity'],
]);

/** Arguments that assume a role, now and in older releases of the engines. */
const ASSUMING = new Set([
  ...['assume_role', 'role_arn', 'session_name', 'external_id', 'assume_role_duration_seconds'],
  ...['assume_role_policy', 'assume_role_policy_arns', 'assume_role_tags', 'assume_role_transitive_tag_keys'],
]);

/** Arguments that no environment may use. A lock table is another matter: some environments have one. */
export const NEVER_HONOURED: ReadonlySet<string> = new Set([...ownCredentials, ...ASSUMING, 'workspace_key_prefix']);

/** Returns why a setting is refused and what to do, or undefined. */
function objectionTo(name: string): string | undefined {
  if (ownCredentials.has(name)) return "brings credentials of its own; builds use the environment's role";
  if (ASSUMING.has(name))
    return "assumes another role; builds use the environment's role. Remove it, and let the policy of the state's bucket allow the roles of the environment";
  if (name === 'dynamodb_table')
    return 'locks the state in a table that the roles of the environment cannot reach. Either remove the line: builds set use_lockfile, which locks with an object beside the state; or name the table in "lockTable" of the environment and in the parameter LockTable of the stack of its roles';
  if (name === 'workspace_key_prefix')
    return 'says where workspaces keep their states; builds use the workspace "default", whose state is at "key". Remove the line; if the state is that of another workspace, let "key" be <prefix>/<workspace>/<key>';
  return undefined;
}

/**
 * Refuses settings that would use other credentials, another lock or another workspace than those of the environment.
 * `lockTable`: the table that its roles may use.
 */
export function refuseSettings(
  file: string,
  settings: readonly Pick<BackendSetting, 'name' | 'line' | 'literal'>[],
  lockTable: string,
): void {
  for (const { name, line, literal } of settings) {
    if (name === 'dynamodb_table' && literal === lockTable && lockTable !== '') continue;
    const objection = objectionTo(name);
    if (objection) throw new PhaseError('backend', `${file}:${line}: the backend argument "${name}" ${objection}`);
  }
}
