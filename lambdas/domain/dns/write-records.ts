import { DnsError, type EnvironmentDns } from '../model/dns/dns.ts';
import type { DnsSettings } from '../model/dns/dns-settings.ts';
import { describeRecord, isSameRecord, type ZoneRecord } from '../model/dns/zone-record.ts';
import type { AssumedRole } from '../ports.ts';
import { type DnsServices, describeZone, updateDns } from './dns-subject.ts';

interface RecordChange {
  readonly remove?: readonly ZoneRecord[];
  readonly create?: readonly ZoneRecord[];
}

/** Returns whether Stagegate wrote the record for this environment. */
export const isOurs = ({ written }: EnvironmentDns, record: ZoneRecord): boolean =>
  written.some((own) => isSameRecord(own, record));

/** Returns whether a record conflicts with ours: an alias allows no other address, a CNAME no other record at all. */
export const isInTheWay = ({ type }: ZoneRecord, kind: DnsSettings['record']['kind']): boolean =>
  kind === 'cname' || ['A', 'AAAA', 'CNAME'].includes(type);

export const notOurs = (zone: EnvironmentDns['zone'], record: ZoneRecord): DnsError =>
  new DnsError(
    'record-not-ours',
    `${describeRecord(record)} exists in ${describeZone(zone)} and was not created by Stagegate, which does not overwrite it`,
  );

/**
 * Changes records of the zone, all or none. New records are noted as ours before they are created, so that after a
 * crash in between they do not count as somebody else's. Route 53 itself checks, also against other writers, that
 * removed records are exactly as we wrote them and that created records do not exist yet. Throws DnsError.
 */
export async function writeRecords(
  { store, zones }: Pick<DnsServices, 'store' | 'zones'>,
  role: AssumedRole,
  dns: EnvironmentDns,
  { remove = [], create = [] }: RecordChange,
): Promise<EnvironmentDns> {
  const without = (written: readonly ZoneRecord[], records: readonly ZoneRecord[]) =>
    written.filter((own) => !records.some((record) => isSameRecord(own, record)));
  if (create.length > 0)
    await updateDns(store, dns, (current) => ({
      ...current,
      written: [...without(current.written, create), ...create],
    }));
  const answer = await zones.change(role, dns.zone.id, { remove, create });
  // After a lost answer the SDK calls again, and Route 53 refuses the change because it was already made.
  if ('refused' in answer && !(await isDone({ zones }, role, dns, { remove, create }))) {
    await updateDns(store, dns, (current) => ({ ...current, written: without(current.written, create) }));
    throw new DnsError('record-refused', `${describeZone(dns.zone)} was not changed: ${answer.refused}`);
  }
  return updateDns(store, dns, (current) => ({
    ...current,
    written: without(current.written, remove),
    change: 'refused' in answer ? null : answer.changeId,
  }));
}

async function isDone(
  { zones }: Pick<DnsServices, 'zones'>,
  role: AssumedRole,
  { zone }: EnvironmentDns,
  { remove = [], create = [] }: RecordChange,
): Promise<boolean> {
  const names = new Set([...remove, ...create].map(({ name }) => name));
  const standing: ZoneRecord[] = [];
  for (const name of names) standing.push(...(await zones.records(role, zone.id, name)));
  const stands = (record: ZoneRecord) => standing.some((other) => isSameRecord(other, record));
  return create.every(stands) && !remove.some(stands);
}
