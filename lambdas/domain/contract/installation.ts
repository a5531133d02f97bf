import * as z from 'zod';

/**
 * The name of an installation. It begins every physical name, so that one account and region can have several
 * installations. It has no dash: a dash ends it in each name, so a pattern such as `acme-*` matches no name of another
 * installation, and no two installations can make the same name.
 */
export const DEFAULT_INSTALLATION = 'stagegate';
export const InstallationSchema = z
  .string()
  .regex(
    new RegExp(`^(?:[a-z][a-z0-9]{0,7}|${DEFAULT_INSTALLATION})$`),
    'lower-case letters and digits, at most 8, beginning with a letter',
  );

/** Returns the physical name of something that an installation has once. */
export const nameIn = (installation: string, name: string): string => `${installation}-${name}`;

/** Returns the installation that a physical name belongs to. */
export function installationOf(physicalName: string): string {
  const [installation = '', ...rest] = physicalName.split('-');
  if (rest.length > 0 && InstallationSchema.safeParse(installation).success) return installation;
  throw new Error(`finding the installation: ${JSON.stringify(physicalName)} is no name in an installation`);
}

/** Returns the name of the state machine. */
export const workflowName = (installation: string): string => nameIn(installation, 'deployment');

/** Returns what the names of the log groups of builds begin with. */
export const buildLogsPrefix = (installation: string): string => `/${installation}/`;

/** Returns the namespace of an installation's metrics, so that alarms count one installation only. */
export const metricNamespace = (installation: string): string =>
  installation === DEFAULT_INSTALLATION ? 'Stagegate' : `Stagegate/${installation}`;

export const ROLE_PURPOSES = ['plan', 'apply', 'state', 'dns'] as const;
export type RolePurpose = (typeof ROLE_PURPOSES)[number];

/** Returns the conventional name of a role in the account of an environment. */
export const roleNameOf = (
  installation: string,
  { application, environment }: { readonly application: string; readonly environment: string },
  purpose: RolePurpose,
): string => nameIn(installation, `${application}-${environment}-${purpose}`);

/** Returns the name of the bucket for the Terraform states of one account and region. */
export const stateBucketName = (installation: string, accountId: string, region: string): string =>
  nameIn(installation, `state-${accountId}-${region}`);

/** Returns the tag by which an environment's role recognizes its own certificates. Its value is `<app>/<env>`. */
export const environmentTag = (installation: string): string => nameIn(installation, 'environment');

/** Returns the tag of an environment's roles that names the only state which the state bucket lets them reach. */
export const stateKeyTag = (installation: string): string => nameIn(installation, 'state-key');
