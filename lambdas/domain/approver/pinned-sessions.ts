import { type InputIssue, InvalidInputError } from '../errors.ts';

/** Prefix of the roles of IAM Identity Center: AWS names their sessions after the user who is signed in. */
const IDENTITY_CENTER = 'AWSReservedSSO_';

const USER = /^arn:[^:*]+:iam::\d{12}:user\/./;
const SESSION = /^arn:[^:*]+:sts::(?<account>\d{12}):assumed-role\/(?<role>[^/]+)\/./;

/**
 * Refuses principals that may be more than one person. Whoever assumes a role may choose the name of the session, so a
 * principal may name sessions only of roles that pin this name: roles of IAM Identity Center, and roles whose trust
 * policy pins it (`sts:RoleSessionName`), as the installation declares. A principal with a wildcard must show that it
 * matches only such sessions or IAM users. Throws InvalidInputError.
 *
 * @param pinnedRoles ARNs of the roles that the installation declares
 */
export function requirePinnedSessions(principals: readonly string[], pinnedRoles: readonly string[]): void {
  const pinned = new Set(pinnedRoles.map(nameInAccount));
  const issues = principals.flatMap((principal, index): InputIssue[] => {
    const message = objectionTo(principal, pinned);
    return message === undefined ? [] : [{ field: `principals.${index}`, message, value: JSON.stringify(principal) }];
  });
  if (issues.length > 0) throw new InvalidInputError('approver', issues);
}

const nameInAccount = (roleArn: string): string => `${roleArn.split(':')[4]}/${roleArn.split('/').at(-1)}`;

function objectionTo(principal: string, pinned: ReadonlySet<string>): string | undefined {
  const isPattern = principal.includes('*');
  if (USER.test(principal) || !(isPattern || /^arn:[^:]+:sts:/.test(principal))) return undefined;
  const { account, role } = SESSION.exec(principal)?.groups ?? {};
  if (!role)
    return 'names more than users of IAM or sessions of one role (arn:aws:sts::<account>:assumed-role/<role>/<session>)';
  if (role.startsWith(IDENTITY_CENTER) || pinned.has(`${account}/${role}`)) return undefined;
  return `whoever assumes the role ${role} may choose the name of the session; name an IAM user or a role of IAM Identity Center, or pin the name in the role's trust policy and say so with stagegate:pinnedSessionRoleArns`;
}
