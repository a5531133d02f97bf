import { AssumeRoleCommand, STSClient, STSServiceException } from '@aws-sdk/client-sts';
import type { BuildCredentials } from '../domain/build-credentials.ts';
import { RoleRefusedError } from '../domain/errors.ts';
import type { AssumedRole, EnvironmentRoles } from '../domain/ports.ts';

/** The longest there is for a role that assumes another. */
const SESSION_SECONDS = 3600;

/** Roles of environments by STS. Nothing is kept: each answer is for one build. */
export class StsEnvironmentRoles implements EnvironmentRoles {
  readonly #sts: STSClient;

  constructor(sts: STSClient = new STSClient({})) {
    this.#sts = sts;
  }

  async assume({ roleArn, externalId, sessionName }: AssumedRole): Promise<BuildCredentials> {
    try {
      const { Credentials: issued } = await this.#sts.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          ExternalId: externalId,
          RoleSessionName: sessionName,
          DurationSeconds: SESSION_SECONDS,
        }),
      );
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = issued ?? {};
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
        throw new Error(`assuming ${roleArn}: STS gave no credentials`);
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: SessionToken,
        expiration: Expiration.toISOString(),
      };
    } catch (error) {
      if (error instanceof STSServiceException && error.name === 'AccessDenied')
        throw new RoleRefusedError(
          `the role ${roleArn} is missing or does not trust the credentials broker with this external id`,
        );
      throw error;
    }
  }
}
