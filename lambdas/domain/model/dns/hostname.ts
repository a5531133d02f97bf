import { createHash } from 'node:crypto';
import { RefusedError } from '../../errors.ts';
import type { Application } from '../application.ts';
import type { Environment } from '../environment.ts';

const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;
/** X.509 gives a common name 64 characters; ACM refuses a longer first name. */
const LONGEST_COMMON_NAME = 64;

type Named = Pick<Application, 'name' | 'serviceDiscoveryDomain'>;
type Placed = Pick<Environment, 'name' | 'region' | 'stage'>;

/**
 * `{app}-{env}-{region}.{stage}.{service discovery domain}`: put together here and nowhere else. Whoever needs the
 * hostname gets it whole. Throws RefusedError `no-service-domain`, `hostname-too-long`.
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
 * The names its certificate is for, the common name first. A hostname that is too long for a common name gets a short
 * neighbour below the same parent, which nothing else uses: the zone of the hostname proves that one too, and it is no
 * name of another environment. Throws RefusedError `hostname-too-long`.
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

/** The domains a zone of a name may have, nearest first: the name itself and what it stands below, but no top-level domain. */
export function zoneNamesFor(name: string): string[] {
  const labels = name.split('.');
  return labels.slice(0, -1).map((_, depth) => labels.slice(depth).join('.'));
}

/** Is it the domain, or below it? */
export const isWithin = (name: string, domain: string): boolean => name === domain || name.endsWith(`.${domain}`);

const parentOf = (name: string): string => name.slice(name.indexOf('.') + 1);
