import { AssumeRoleCommand, type STSClient, STSServiceException } from '@aws-sdk/client-sts';
import { RoleRefusedError } from '../domain/errors.ts';
import type { AssumedRole } from '../domain/ports.ts';

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/**
 * Returns credentials of a role in another account that are valid for the given number of seconds. Throws
 * RoleRefusedError when STS refuses the role, and otherwise the error of STS.
 */
export async function assumeRole(
  sts: STSClient,
  { roleArn, externalId, sessionName }: AssumedRole,
  seconds: number,
): Promise<SessionCredentials> {
  const { Credentials: issued } = await sts
    .send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        ExternalId: externalId,
        RoleSessionName: sessionName,
        DurationSeconds: seconds,
      }),
    )
    .catch((error: unknown) => {
      if (!(error instanceof STSServiceException) || error.name !== 'AccessDenied') throw error;
      throw new RoleRefusedError(`the role ${roleArn} is missing or does not trust Stagegate with this external id`);
    });
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = issued ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
    throw new Error(`assuming ${roleArn}: STS gave no credentials`);
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}
