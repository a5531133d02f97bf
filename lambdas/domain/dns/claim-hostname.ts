import { InvalidInputError, RefusedError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { certificateNamesOf, hostnameOf } from '../model/dns/hostname.ts';
import type { Environment, EnvironmentSettings } from '../model/environment.ts';
import type { Transaction } from '../ports.ts';

type Placed = Pick<Environment, 'application' | 'name' | 'region' | 'stage' | 'dns'>;

/** Returns the hostname of an environment, if it has one. */
const hostnameWithin = (application: Application, environment: Placed | undefined): string | undefined =>
  environment?.dns && hostnameOf(application, environment);

/**
 * Refuses a DNS role of another account: certificates are in the environment's account, and a zone of another account
 * has its own role. Throws InvalidInputError.
 */
export function requireOwnDnsRole({ accountId, roles }: EnvironmentSettings): void {
  if (!roles?.dns || roles.dns.split(':')[4] === accountId) return;
  const message = `a role of account ${accountId}; the role for a zone of another account is dns.zone.roleArn`;
  throw new InvalidInputError('environment', [{ field: 'roles.dns', message, value: JSON.stringify(roles.dns) }]);
}

/**
 * Claims the hostname that the settings of an environment ask for, and frees its former hostname. Refuses a hostname of
 * another environment, and a change while there are records or a certificate for the former settings.
 * Throws RefusedError.
 */
export async function claimHostname(
  transaction: Transaction,
  application: Application,
  {
    current,
    wanted,
    now,
  }: { readonly current: Environment | undefined; readonly wanted: Placed; readonly now: string },
): Promise<void> {
  const [before, after] = [hostnameWithin(application, current), hostnameWithin(application, wanted)];
  const where = { application: application.name, environment: wanted.name };
  if (after) certificateNamesOf(after);
  const dns = await transaction.get('environmentDns', where);
  if (dns && wanted.dns) {
    const { id, roleArn } = wanted.dns.zone ?? {};
    const moved = [
      ...(after === dns.hostname ? [] : [`hostname, which would be ${after}`]),
      ...(id === undefined || id === dns.zone.id ? [] : [`zone, which would be ${id}`]),
      ...(roleArn === dns.zone.roleArn
        ? []
        : [`role of the zone, which would be ${roleArn ?? "the environment's own"}`]),
    ];
    if (moved.length > 0)
      throw new RefusedError(
        'dns-published',
        `"${wanted.name}" has records in zone ${dns.zone.id} or a certificate for ${dns.hostname}; ` +
          `withdraw them (take "dns" away and deploy) before changing its ${moved.join(' and its ')}`,
      );
  }
  if (before && before !== after && !dns) await free(transaction, before);
  if (!after) return;
  const claim = await transaction.get('hostnameClaim', { hostname: after });
  if (claim && (claim.application !== where.application || claim.environment !== where.environment))
    throw new RefusedError('hostname-taken', `${after} is the hostname of ${claim.application}/${claim.environment}`);
  if (!claim) transaction.put('hostnameClaim', { hostname: after, ...where, at: now });
}

/** Frees the hostname of an environment that is gone: another environment may have it from now on. */
export async function freeHostname(transaction: Transaction, environment: Placed): Promise<void> {
  const application = await transaction.get('application', { name: environment.application });
  const hostname = application && hostnameWithin(application, environment);
  if (hostname) await free(transaction, hostname);
}

async function free(transaction: Transaction, hostname: string): Promise<void> {
  if (await transaction.get('hostnameClaim', { hostname })) transaction.delete('hostnameClaim', { hostname });
}

/** Refuses to remove an environment that would leave records or a certificate behind. Throws RefusedError. */
export async function requireNoDns(
  transaction: Transaction,
  where: { readonly application: string; readonly environment: string },
): Promise<void> {
  const dns = await transaction.get('environmentDns', where);
  if (dns)
    throw new RefusedError(
      'dns-published',
      `"${where.environment}" of "${where.application}" still has records in zone ${dns.zone.id} or a certificate for ${dns.hostname}; destroy it first`,
    );
}
