import type { Caller } from './wire.ts';

/** The caller that a session of `roleArn` is: a function, a build, the state machine, an assumed target role. */
export function roleSession(roleArn: string, sessionName: string): Caller {
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

/** An AWS service that acts by itself for the resource `sourceArn`, for example a rule that calls a function. */
export function serviceCaller(principal: string, sourceArn: string, accountId: string): Caller {
  return { kind: 'service', principal, sourceArn, accountId };
}
