import type * as z from 'zod';
import { DnsError, type EnvironmentDns, type PendingSchema } from '../model/dns/dns.ts';
import { describeRecord, type ZoneRecord } from '../model/dns/zone-record.ts';
import type { AssumedRole } from '../ports.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { awaitSync, certificateRole, type DnsServices, type DnsSubject, waitFor, zoneRole } from './dns-subject.ts';
import { isOurs, writeRecords } from './write-records.ts';

/**
 * Takes one step of withdrawing an environment's DNS: first removes, all at once, every record that Stagegate wrote and
 * that is unchanged; then, when nobody can find the hostname any more, deletes the certificate. A record that somebody
 * else has put in its place is kept.
 */
export async function withdrawDns(
  services: DnsServices,
  subject: DnsSubject,
): Promise<{ outcome: 'done' } | z.infer<typeof PendingSchema>> {
  const { environment, deployment, dns } = subject;
  if (!dns) return finish(services, subject, []);
  const role = zoneRole(services, environment, dns.zone.roleArn, deployment.id);
  const standing = await standingRecords(services, role, dns);
  const ours = standing.filter((record) => isOurs(dns, record));
  if (ours.length > 0) {
    const changed = await writeRecords(services, role, dns, { remove: ours });
    return awaitSync(services, changed, deployment.id);
  }
  if (dns.change && !(await services.zones.isInSync(role, dns.change))) return awaitSync(services, dns, deployment.id);
  const inUse = await deleteCertificates(services, subject, dns);
  if (inUse) return awaitDisuse(services, subject, dns, inUse);
  const left = standing.filter(({ name }) => name === dns.hostname);
  return finish(services, subject, left.map(describeRecord));
}

/** Reads all records of the names that Stagegate has written; none if the zone itself is gone. */
async function standingRecords(
  { zones }: DnsServices,
  role: AssumedRole,
  { zone, written, hostname }: EnvironmentDns,
): Promise<ZoneRecord[]> {
  if (!(await zones.zone(role, zone.id))) return [];
  const standing: ZoneRecord[] = [];
  for (const name of new Set([hostname, ...written.map((record) => record.name)]))
    standing.push(...(await zones.records(role, zone.id, name)));
  return standing;
}

/** Deletes the certificates. Returns the first one that something still serves, if any. */
async function deleteCertificates(
  services: DnsServices,
  { environment, deployment }: DnsSubject,
  dns: EnvironmentDns,
): Promise<string | undefined> {
  const role = certificateRole(services, environment, deployment.id);
  for (const arn of [...dns.replaced, dns.certificate.arn])
    if ((await services.certificates.delete(role, environment.region, arn)) === 'in-use') return arn;
  return undefined;
}

/** Waits: ACM counts a certificate as in use for some minutes after the resource that served it is gone. */
function awaitDisuse(services: DnsServices, { environment, deployment }: DnsSubject, dns: EnvironmentDns, arn: string) {
  const { changeSeconds } = services.patience;
  return waitFor(services, dns, {
    deploymentId: deployment.id,
    for: `certificate ${arn}`,
    limitSeconds: changeSeconds,
    async failure() {
      const role = certificateRole(services, environment, deployment.id);
      const described = await services.certificates.describe(role, environment.region, arn);
      const users = described?.usedBy.join(', ') || 'something';
      return new DnsError(
        'certificate-in-use',
        `${arn} cannot be deleted: ${users} still serves it after ${changeSeconds} seconds; its DNS records are gone`,
      );
    },
  });
}

/** Deletes the record of the DNS, and frees the hostname if the environment no longer asks for it. */
async function finish(
  { store, surroundings }: DnsServices,
  { deployment, dns }: DnsSubject,
  left: readonly string[],
): Promise<{ outcome: 'done' }> {
  if (!dns) return { outcome: 'done' };
  await store.transact(async (transaction) => {
    const [current, claim, configured] = [
      await transaction.get('environmentDns', dns),
      await transaction.get('hostnameClaim', dns),
      await transaction.get('environment', { application: dns.application, name: dns.environment }),
    ];
    if (!current) return;
    transaction.delete('environmentDns', dns);
    if (claim && !configured?.dns) transaction.delete('hostnameClaim', dns);
    recordEvent(transaction, surroundings, deployment.id, 'dns-withdrawn', undefined, {
      hostname: dns.hostname,
      certificate: dns.certificate.arn,
      ...(left.length > 0 && { left: [...left] }),
    });
  });
  return { outcome: 'done' };
}
