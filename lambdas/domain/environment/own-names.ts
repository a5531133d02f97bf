import { type RolePurpose, roleNameOf } from '../contract/installation.ts';
import { InvalidInputError, RefusedError } from '../errors.ts';
import type { Environment, EnvironmentSettings } from '../model/environment.ts';
import { ApplicationNameSchema, EnvironmentNameSchema } from '../names.ts';
import type { Reader } from '../ports.ts';

interface Place {
  readonly application: string;
  readonly environment: string;
}

/** The longest name of a role. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const LONGEST_ROLE_NAME = 64;

/** The roles that every environment needs. The one for DNS has the shortest name. */
const NEEDED: readonly RolePurpose[] = ['plan', 'apply', 'state'];

/**
 * Refuses an environment whose roles would have names that IAM does not accept. A role that the settings name themselves
 * needs no such name. Throws InvalidInputError.
 */
export function requireRoleNames(installation: string, place: Place, roles: EnvironmentSettings['roles']): void {
  for (const purpose of NEEDED) {
    const name = roleNameOf(installation, place, purpose);
    if (roles?.[purpose] || name.length <= LONGEST_ROLE_NAME) continue;
    const message = `its role "${name}" would have ${name.length} characters, and IAM allows ${LONGEST_ROLE_NAME}; choose a shorter name, or name the role in roles.${purpose}`;
    throw new InvalidInputError('environment', [
      { field: 'environment', message, value: JSON.stringify(place.environment) },
    ]);
  }
}

/**
 * Finds the environment of another application that has the same `<application>-<environment>`, such as `eu-dev1` of
 * `shop` for `dev1` of `shop-eu`. Names of roles, stacks and hostnames begin with it. A closed ephemeral environment
 * does not count. In a transaction, each place that is looked at stays as it is until the commit: of two such
 * environments that are registered at the same time, one is refused.
 */
export async function findNamesake(reader: Reader, { application, environment }: Place): Promise<Place | undefined> {
  const places = placesNamed(`${application}-${environment}`).filter((place) => place.application !== application);
  const found = await Promise.all(
    places.map((place) => reader.get('environment', { application: place.application, name: place.environment })),
  );
  return places.find((_, index) => found[index] && !isClosed(found[index]));
}

/** Returns the refusal of a new environment that would have the names of another one. */
export const namesTaken = (place: Place, namesake: Place): RefusedError =>
  new RefusedError('names-taken', `${describeNamesake(place, namesake)}; choose another name`);

export const describeNamesake = ({ application, environment }: Place, namesake: Place): string =>
  `the names of roles of ${application}/${environment} and of ${namesake.application}/${namesake.environment} ` +
  `both contain "${application}-${environment}"`;

/** Returns all pairs of names that make this text. */
const placesNamed = (text: string): Place[] =>
  [...text.matchAll(/-/g)]
    .map(({ index }) => ({ application: text.slice(0, index), environment: text.slice(index + 1) }))
    .filter(
      ({ application, environment }) =>
        ApplicationNameSchema.safeParse(application).success && EnvironmentNameSchema.safeParse(environment).success,
    );

const isClosed = (environment: Environment): boolean =>
  environment.type === 'ephemeral' && environment.life.phase === 'closed';
