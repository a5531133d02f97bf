import { createHash } from 'node:crypto';
import * as z from 'zod';
import { environmentTag } from '../contract/installation.ts';
import { type DescribedCertificate, withDescription } from '../model/dns/certificate.ts';
import { DnsError, DnsFailedSchema, type EnvironmentDns, PendingSchema } from '../model/dns/dns.ts';
import type { DnsSettings } from '../model/dns/dns-settings.ts';
import { certificateNamesOf, hostnameOf } from '../model/dns/hostname.ts';
import { plainName, type ZoneRecord } from '../model/dns/zone-record.ts';
import type { AssumedRole } from '../ports.ts';
import { recordEvent } from '../transaction/record-event.ts';
import {
  answering,
  certificateRole,
  type DnsServices,
  type DnsSubject,
  describeZone,
  loadDnsSubject,
  updateDns,
  waitFor,
  zoneRole,
} from './dns-subject.ts';
import { findZone, requireDelegated } from './find-zone.ts';
import { isInTheWay, isOurs, notOurs, writeRecords } from './write-records.ts';

export const CertificateAnswerSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('ready') }),
  z.object({ outcome: z.literal('canceled') }),
  PendingSchema,
  DnsFailedSchema,
]);
export type CertificateAnswer = z.infer<typeof CertificateAnswerSchema>;

/** TTL of validation records. The records themselves stay: ACM checks the same record at every renewal. */
const VALIDATION_TTL_SECONDS = 300;

/**
 * Takes one step towards an issued certificate for the environment's hostname; the state calls again until the outcome
 * is `ready`. An issued or pending certificate that covers the names is used again. Throws NotHolderError.
 */
export async function ensureCertificate(services: DnsServices, id: string): Promise<CertificateAnswer> {
  const subject = await loadDnsSubject(services.store, id, ['planning']);
  if (subject.deployment.cancelRequestedBy) return { outcome: 'canceled' };
  return answering(async () => {
    const dns = await advance(services, subject);
    if (dns.certificate.status !== 'issued') return awaitIssue(services, subject, dns);
    return { outcome: 'ready' };
  });
}

async function advance(services: DnsServices, subject: DnsSubject): Promise<EnvironmentDns> {
  const { application, environment, deployment } = subject;
  if (!environment.dns) throw new Error(`asking for a certificate for "${deployment.id}": its environment has no DNS`);
  const hostname = hostnameOf(application, environment);
  const names = certificateNamesOf(hostname);
  const asZone = zoneRole(services, environment, environment.dns.zone?.roleArn, deployment.id);
  const { zone, dns } = await settleZone(services, asZone, environment.dns, [...names, hostname], subject.dns);
  await requireFree(services, asZone, { zone, hostname, settings: environment.dns, dns });

  const described = dns && (await describe(services, subject, dns.certificate.arn));
  const isUsable = described && isAlive(described) && names.every((name) => described.names.includes(name));
  if (isUsable && described.status === 'issued') return keep(services, asZone, dns, described, deployment.id);
  await requireDelegated(services, asZone, zone);
  if (isUsable) return keep(services, asZone, dns, described, deployment.id);
  if (described && dns.certificate.requestedFor === deployment.id)
    throw new DnsError(
      'certificate-failed',
      `the certificate for ${hostname} is ${described.status}${described.failureReason ? `: ${described.failureReason}` : ''}`,
    );
  return request(services, { ...subject, dns }, { hostname, names, zone, isReplaced: described !== undefined });
}

/** Returns the zone: the first one while it exists. If it is gone, so are its records, and another one is found. */
async function settleZone(
  services: DnsServices,
  role: AssumedRole,
  settings: DnsSettings,
  names: readonly string[],
  dns: EnvironmentDns | undefined,
): Promise<{ zone: EnvironmentDns['zone']; dns: EnvironmentDns | undefined }> {
  if (dns && (await services.zones.zone(role, dns.zone.id))) return { zone: dns.zone, dns };
  const { id, name } = await findZone(services, role, settings, names);
  const zone = { id, name, ...(settings.zone?.roleArn && { roleArn: settings.zone.roleArn }) };
  if (!dns) return { zone, dns };
  const lost = { written: [], published: null, change: null };
  return { zone, dns: await updateDns(services.store, dns, (current) => ({ ...current, ...lost, zone })) };
}

const isAlive = ({ status }: DescribedCertificate): boolean => status === 'issued' || status === 'pending_validation';

const describe = (services: DnsServices, { environment, deployment }: DnsSubject, arn: string) =>
  services.certificates.describe(certificateRole(services, environment, deployment.id), environment.region, arn);

interface Target {
  readonly zone: EnvironmentDns['zone'];
  readonly hostname: string;
  readonly settings: DnsSettings;
  readonly dns: EnvironmentDns | undefined;
}

/** Throws DnsError before anything is applied if somebody else's record would prevent the publication. */
async function requireFree(
  { zones }: DnsServices,
  role: AssumedRole,
  { zone, hostname, settings, dns }: Target,
): Promise<void> {
  const standing = await zones.records(role, zone.id, hostname);
  const foreign = standing.find((record) => isInTheWay(record, settings.record.kind) && !(dns && isOurs(dns, record)));
  if (foreign) throw notOurs(zone, foreign);
}

async function request(
  services: DnsServices,
  { environment, deployment, dns: before }: DnsSubject,
  wanted: {
    readonly hostname: string;
    readonly names: [string, ...string[]];
    readonly zone: EnvironmentDns['zone'];
    /** True if the former certificate still exists: it is deleted when nothing serves it any more. */
    readonly isReplaced: boolean;
  },
): Promise<EnvironmentDns> {
  const { store, certificates, surroundings } = services;
  const { hostname, names, zone, isReplaced } = wanted;
  const where = { application: environment.application, environment: environment.name };
  const previous = before?.certificate.arn;
  // The token is the same after a crash, but another one if the certificate that it returned no longer exists.
  const token = createHash('sha256')
    .update(JSON.stringify([deployment.id, names, previous]))
    .digest('hex')
    .slice(0, 32);
  const arn = await certificates.request(certificateRole(services, environment, deployment.id), environment.region, {
    names,
    token,
    tags: { [environmentTag(surroundings.installation)]: `${where.application}/${where.environment}` },
  });
  return store.transact(async (transaction) => {
    const current = await transaction.get('environmentDns', where);
    const now = surroundings.now();
    const dns: EnvironmentDns = {
      replaced: [],
      written: [],
      published: null,
      change: null,
      ...current,
      ...where,
      hostname,
      zone,
      certificate: {
        arn,
        names,
        status: 'pending_validation',
        requestedFor: deployment.id,
        requestedAt: now,
        checkedAt: now,
      },
      waiting: null,
    };
    transaction.put('environmentDns', isReplaced && previous ? { ...dns, replaced: [...dns.replaced, previous] } : dns);
    recordEvent(transaction, surroundings, deployment.id, 'certificate-requested', undefined, { arn, names });
    return dns;
  });
}

/** Writes missing records that prove the names, for the issue and every renewal, and records what ACM reports. */
async function keep(
  services: DnsServices,
  role: AssumedRole,
  dns: EnvironmentDns,
  described: DescribedCertificate,
  deploymentId: string,
): Promise<EnvironmentDns> {
  const missing: ZoneRecord[] = [];
  for (const { name, type, value } of described.validation) {
    const standing = await services.zones.records(role, dns.zone.id, name);
    if (standing.some((record) => record.type === type && record.values?.map(plainName).join() === value)) continue;
    const [foreign] = standing;
    if (foreign) throw notOurs(dns.zone, foreign);
    missing.push({ name, type, ttl: VALIDATION_TTL_SECONDS, values: [value] });
  }
  if (missing.length > 0) await writeRecords(services, role, dns, { create: missing });
  const { store, surroundings } = services;
  return store.transact(async (transaction) => {
    const current = await transaction.get('environmentDns', dns);
    if (!current) throw new Error(`keeping the certificate of ${dns.hostname}: what was kept is gone`);
    const certificate = withDescription(current.certificate, described, surroundings.now());
    const isNew = described.status === 'issued' && current.certificate.status !== 'issued';
    const kept = {
      ...current,
      certificate: isNew ? { ...certificate, announced: { expiresAt: certificate.expiresAt } } : certificate,
      waiting: described.status === 'issued' ? null : current.waiting,
    };
    transaction.put('environmentDns', kept);
    if (isNew)
      recordEvent(transaction, surroundings, deploymentId, 'certificate-issued', undefined, { arn: described.arn });
    return kept;
  });
}

function awaitIssue(services: DnsServices, { environment, deployment }: DnsSubject, dns: EnvironmentDns) {
  const { certificateSeconds } = services.patience;
  return waitFor(services, dns, {
    deploymentId: deployment.id,
    for: 'certificate',
    limitSeconds: certificateSeconds,
    async failure() {
      const seen = await services.publicDns.nameServers(dns.zone.name);
      return new DnsError(
        'certificate-pending',
        `the certificate for ${dns.hostname} (${dns.certificate.arn}, ${environment.region}) is still PENDING_VALIDATION after ` +
          `${certificateSeconds} seconds; its records are in ${describeZone(dns.zone)}, for which the public DNS ` +
          `${seen ? `names ${seen.join(', ') || 'no name servers'}` : 'could not be asked'}`,
      );
    },
  });
}
