import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import type { AssumedRole } from '../domain/ports.ts';

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/**
 * Returns credentials of a role in another account that are valid for the given number of seconds. Throws the error of
 * STS, or an error of its own when the answer of STS has no credentials.
 */
export async function assumeRole(
  sts: STSClient,
  { roleArn, externalId, sessionName }: AssumedRole,
  seconds: number,
): Promise<SessionCredentials> {
  const { Credentials: issued } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: roleArn,
      ExternalId: externalId,
      RoleSessionName: sessionName,
      DurationSeconds: seconds,
    }),
  );
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
