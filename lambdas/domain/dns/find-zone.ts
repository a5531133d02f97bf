import { DnsError } from '../model/dns/dns.ts';
import type { DnsSettings } from '../model/dns/dns-settings.ts';
import { isWithin, zoneNamesFor } from '../model/dns/hostname.ts';
import { type HostedZone, plainName } from '../model/dns/zone-record.ts';
import type { AssumedRole } from '../ports.ts';
import { type DnsServices, describeZone } from './dns-subject.ts';

/** Finds the zone for the names: the configured zone, or the nearest one that contains them. Throws DnsError. */
export async function findZone(
  { zones }: Pick<DnsServices, 'zones'>,
  role: AssumedRole,
  settings: DnsSettings,
  names: readonly string[],
): Promise<HostedZone> {
  const id = settings.zone?.id ?? (await findNearest(zones, role, names));
  const zone = await zones.zone(role, id);
  if (!zone) throw new DnsError('zone-not-found', `there is no public zone ${id} that ${role.roleArn} could see`);
  const outside = names.find((name) => !isWithin(name, zone.name));
  if (outside) throw new DnsError('zone-mismatch', `${describeZone(zone)} cannot hold ${outside}`);
  if (settings.record.kind === 'cname' && names.includes(zone.name))
    throw new DnsError(
      'zone-mismatch',
      `${describeZone(zone)} is the hostname itself, where no CNAME can stand: use a record of kind "alias"`,
    );
  return zone;
}

async function findNearest(zones: DnsServices['zones'], role: AssumedRole, names: readonly string[]): Promise<string> {
  const [first = '', ...others] = names;
  const candidates = zoneNamesFor(first).filter((domain) => others.every((name) => isWithin(name, domain)));
  for (const domain of candidates) {
    const [id, ...more] = await zones.named(role, domain);
    if (!id) continue;
    if (more.length > 0)
      throw new DnsError(
        'zone-ambiguous',
        `there are several public zones "${domain}": ${[id, ...more].join(', ')}; name the right one as dns.zone.id`,
      );
    return id;
  }
  throw new DnsError(
    'zone-not-found',
    `${role.roleArn} sees no public zone for ${first}; looked for ${candidates.join(', ')}`,
  );
}

/**
 * Throws DnsError at once, instead of a long wait, if the zone cannot be reached from the public DNS: ACM could not
 * validate the certificate, and nobody could find the hostname. Accepts the zone if no resolver can be asked now.
 */
export async function requireDelegated(
  { zones, publicDns }: Pick<DnsServices, 'zones' | 'publicDns'>,
  role: AssumedRole,
  { id, name }: Pick<HostedZone, 'id' | 'name'>,
): Promise<void> {
  const seen = await publicDns.nameServers(name);
  if (!seen) return;
  const zone = await zones.zone(role, id);
  if (!zone) throw new DnsError('zone-not-found', `${describeZone({ id, name })} is gone`);
  // The owner may give the zone's name servers other names, which the zone's own NS record lists.
  const own = (await zones.records(role, id, name)).filter(({ type }) => type === 'NS');
  const right = new Set([...zone.nameServers, ...own.flatMap(({ values = [] }) => values.map(plainName))]);
  if (seen.length > 0 && seen.every((server) => right.has(server))) return;
  const answer = seen.length === 0 ? `knows no name servers of ${name}` : `names ${seen.join(', ')} for it`;
  throw new DnsError(
    'zone-not-delegated',
    `${describeZone(zone)} is not delegated: the public DNS ${answer}; its name servers are ${zone.nameServers.join(', ')}`,
  );
}
