import { STSClient } from '@aws-sdk/client-sts';
import type { BuildCredentials } from '../domain/contract/build-credentials.ts';
import type { AssumedRole, EnvironmentRoles } from '../domain/ports.ts';
import { assumeRole } from './assume-role.ts';

/** The longest session, in seconds, that STS gives to a role that assumes another role. */
const SESSION_SECONDS = 3600;

/** Assumes the roles of environments. Credentials are not kept: each answer is for one build. */
export class StsEnvironmentRoles implements EnvironmentRoles {
  readonly #sts: STSClient;

  constructor(sts: STSClient = new STSClient({})) {
    this.#sts = sts;
  }

  async assume(role: AssumedRole): Promise<BuildCredentials> {
    const { expiration, ...credentials } = await assumeRole(this.#sts, role, SESSION_SECONDS);
    return { ...credentials, expiration: expiration.toISOString() };
  }
}
