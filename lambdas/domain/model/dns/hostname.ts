import { createHash } from 'node:crypto';
import { RefusedError } from '../../errors.ts';
import type { Application } from '../application.ts';
import type { Environment } from '../environment.ts';

const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;
/** X.509 allows a common name 64 characters, and ACM refuses a longer first name. */
const LONGEST_COMMON_NAME = 64;

type Named = Pick<Application, 'name' | 'serviceDiscoveryDomain'>;
type Placed = Pick<Environment, 'name' | 'region' | 'stage'>;

/**
 * Returns the hostname `{app}-{env}-{region}.{stage}.{service discovery domain}`. Only this function builds it; all
 * other code gets the whole hostname. Throws RefusedError `no-service-domain`, `hostname-too-long`.
 */
export function hostnameOf(application: Named, environment: Placed): string {
  const { serviceDiscoveryDomain: domain } = application;
  if (!domain)
    throw new RefusedError(
      'no-service-domain',
      `"${application.name}" has no serviceDiscoveryDomain, below which "${environment.name}" would get its hostname`,
    );
  const label = `${application.name}-${environment.name}-${environment.region}`;
  if (label.length > LONGEST_LABEL)
    throw new RefusedError(
      'hostname-too-long',
      `the first part of the hostname, "${label}", has ${label.length} characters; DNS allows ${LONGEST_LABEL}`,
    );
  const hostname = `${label}.${environment.stage}.${domain}`;
  if (hostname.length > LONGEST_NAME)
    throw new RefusedError(
      'hostname-too-long',
      `the hostname "${hostname}" has ${hostname.length} characters; DNS allows ${LONGEST_NAME}`,
    );
  return hostname;
}

/**
 * Returns the names that the certificate of a hostname is for, the common name first. When the hostname is too long for
 * a common name, the common name is a short name below the same parent that nothing else uses. The zone of the hostname
 * proves this name too, and no other environment has it. Throws RefusedError `hostname-too-long`.
 */
export function certificateNamesOf(hostname: string): [string, ...string[]] {
  if (hostname.length <= LONGEST_COMMON_NAME) return [hostname];
  const short = `c-${createHash('sha256').update(hostname).digest('hex').slice(0, 12)}.${parentOf(hostname)}`;
  if (short.length > LONGEST_COMMON_NAME)
    throw new RefusedError(
      'hostname-too-long',
      `a certificate for "${hostname}" needs a common name of at most ${LONGEST_COMMON_NAME} characters, ` +
        `and "${short}" has ${short.length}: the service discovery domain is too long`,
    );
  return [short, hostname];
}

/**
 * Returns the domains that a zone for a name can have, the nearest first: the name itself and its parent domains, but
 * no top-level domain.
 */
export function zoneNamesFor(name: string): string[] {
  const labels = name.split('.');
  return labels.slice(0, -1).map((_, depth) => labels.slice(depth).join('.'));
}

/** Returns whether a name is the domain or lies below it. */
export const isWithin = (name: string, domain: string): boolean => name === domain || name.endsWith(`.${domain}`);

const parentOf = (name: string): string => name.slice(name.indexOf('.') + 1);
