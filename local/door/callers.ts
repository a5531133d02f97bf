import type { Caller } from './wire.ts';

/** A session of a role. */
type RoleSession = Extract<Caller, { readonly kind: 'role' }>;

/** Returns the caller for a session of `roleArn`: a function, a build, the state machine or an assumed target role. */
export function roleSession(roleArn: string, sessionName: string): RoleSession {
  const match = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(roleArn);
  const [, accountId, roleName] = match ?? [];
  if (accountId === undefined || roleName === undefined) {
    throw new Error(`making a role session: "${roleArn}" is not the ARN of an IAM role`);
  }
  return {
    kind: 'role',
    roleArn,
    arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
    accountId,
  };
}

/**
 * Returns the caller for an AWS service that acts for the resource `sourceArn`, for example a rule that calls a
 * function.
 */
export function serviceCaller(principal: string, sourceArn: string, accountId: string): Caller {
  return { kind: 'service', principal, sourceArn, accountId };
}
