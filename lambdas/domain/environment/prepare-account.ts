import { InvalidInputError, RefusedError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { certificateNamesOf, hostnameOf } from '../model/dns/hostname.ts';
import { type Environment, ephemeralStateKey, stateBucketOf, stateKeyOf } from '../model/environment.ts';
import { EnvironmentNameSchema } from '../names.ts';
import type { Reader, Store, Surroundings } from '../ports.ts';
import { findApplication, findEnvironment } from '../transaction/find.ts';
import { externalIdOf } from './external-id.ts';
import { findNamesake, namesTaken, requireRoleNames } from './own-names.ts';

/** The facts that are needed to prepare the account of an environment for its builds. */
export interface Preparation {
  readonly application: string;
  readonly environment: string;
  readonly accountId: string;
  readonly region: string;
  readonly externalId: string;
  readonly stateBucket: string;
  readonly stateKey: string;
  readonly lockTable?: string | undefined;
  readonly dns?: DnsPreparation;
}

/** The names and the zone to which the role for an environment's DNS is limited. */
export interface DnsPreparation {
  readonly hostname: string;
  /** First name of the certificate. */
  readonly commonName: string;
  /** Absent for a zone of another account, which has a role of its own there. */
  readonly zoneId?: string;
}

function dnsOf(
  application: Application,
  environment: Pick<Environment, 'name' | 'region' | 'stage' | 'dns'>,
): Pick<Preparation, 'dns'> {
  if (!environment.dns) return {};
  const { zone } = environment.dns;
  const hostname = hostnameOf(application, environment);
  const [commonName] = certificateNamesOf(hostname);
  return { dns: { hostname, commonName, ...(zone?.id && !zone.roleArn && { zoneId: zone.id }) } };
}

/** Returns what to prepare for an existing environment. Throws NotFoundError, RefusedError. */
export async function preparationOf(
  { store, surroundings }: { readonly store: Reader; readonly surroundings: Surroundings },
  application: string,
  name: string,
): Promise<Preparation> {
  const [owner, environment] = [
    await findApplication(store, application),
    await findEnvironment(store, application, name),
  ];
  const { accountId, region, externalId } = environment;
  const claimed = (await store.get('stateAddress', { application, environment: name }))?.address;
  const [, stateBucket, stateKey] = /^([^/]+)\/(.+)$/.exec(claimed ?? '') ?? [];
  return {
    application,
    environment: name,
    accountId,
    region,
    externalId,
    stateBucket: stateBucket ?? stateBucketOf(surroundings.installation, environment),
    stateKey: stateKey ?? stateKeyOf(environment),
    lockTable: environment.lockTable,
    ...dnsOf(owner, environment),
  };
}

/**
 * Returns what to prepare for a name before ephemeral environments that are based on this environment use it. Gives the
 * name its external id. Throws InvalidInputError, NotFoundError, RefusedError.
 */
export async function prepareEphemeralName(
  { store, surroundings }: { readonly store: Store; readonly surroundings: Surroundings },
  application: string,
  { name, basedOn }: { readonly name: string; readonly basedOn: string },
): Promise<Preparation> {
  const { success, error } = EnvironmentNameSchema.safeParse(name);
  if (!success)
    throw new InvalidInputError('name', [
      { field: 'environment', message: error.issues.map(({ message }) => message).join(', '), value: name },
    ]);
  const base = await findEnvironment(store, application, basedOn);
  const owner = await findApplication(store, application);
  if (owner.pipeline.includes(name) || (await store.get('environment', { application, name }))?.type === 'regular')
    throw new RefusedError('environment-exists', `"${name}" is a regular environment of "${application}"`);
  const where = { application, environment: name };
  requireRoleNames(surroundings.installation, where, undefined);
  const namesake = await findNamesake(store, where);
  if (namesake) throw namesTaken(where, namesake);
  const externalId = await store.transact((transaction) => externalIdOf(transaction, where, surroundings));
  return {
    ...where,
    accountId: base.accountId,
    region: base.region,
    externalId,
    stateBucket: stateBucketOf(surroundings.installation, base),
    stateKey: ephemeralStateKey(application, name),
    lockTable: base.lockTable,
    ...dnsOf(owner, { ...base, name }),
  };
}
