import {
  DEFAULT_INSTALLATION,
  InstallationSchema,
  ROLE_PURPOSES,
  roleNameOf,
} from '../../lambdas/domain/contract/installation.ts';

/**
 * Returns the installation in whose way the roles of an environment are named. Roles of other names tell nothing; then
 * it is the usual one.
 */
export function installationIn(
  roles: Readonly<Record<string, string | undefined>>,
  application: string,
  environment: string,
): string {
  const endings = ROLE_PURPOSES.map((purpose) => roleNameOf('', { application, environment }, purpose));
  for (const arn of Object.values(roles)) {
    const name = arn?.split('/').at(-1) ?? '';
    const ending = endings.find((each) => name.endsWith(each));
    const installation = ending === undefined ? '' : name.slice(0, -ending.length);
    if (InstallationSchema.safeParse(installation).success) return installation;
  }
  return DEFAULT_INSTALLATION;
}
