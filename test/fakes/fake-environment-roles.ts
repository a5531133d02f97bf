import type { BuildCredentials } from '../../lambdas/domain/contract/build-credentials.ts';
import { RoleRefusedError } from '../../lambdas/domain/errors.ts';
import type { AssumedRole, EnvironmentRoles } from '../../lambdas/domain/ports.ts';

/** STS: remembers which roles were given, and to which sessions. */
export class FakeEnvironmentRoles implements EnvironmentRoles {
  readonly given: AssumedRole[] = [];
  /** Roles that do not trust us. */
  readonly refusing = new Set<string>();

  async assume(role: AssumedRole): Promise<BuildCredentials> {
    if (this.refusing.has(role.roleArn)) throw new RoleRefusedError(`the role ${role.roleArn} is missing`);
    this.given.push(role);
    return {
      accessKeyId: `ASIA${this.given.length}`,
      secretAccessKey: 'secret',
      sessionToken: 'token',
      expiration: '2026-11-23T11:00:00.000Z',
    };
  }
}
