import * as z from 'zod';
import { DnsError, DnsFailedSchema, type EnvironmentDns, PendingSchema } from '../model/dns/dns.ts';
import type { DnsSettings } from '../model/dns/dns-settings.ts';
import { isSameRecord, plainName, type ZoneRecord } from '../model/dns/zone-record.ts';
import type { Outputs } from '../model/outputs.ts';
import { recordEvent } from '../transaction/record-event.ts';
import {
  answering,
  awaitSync,
  certificateRole,
  type DnsServices,
  type DnsSubject,
  loadDnsSubject,
  updateDns,
  zoneRole,
} from './dns-subject.ts';
import { withdrawDns } from './withdraw-dns.ts';
import { isInTheWay, isOurs, notOurs, writeRecords } from './write-records.ts';

export const PublicationAnswerSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('done') }),
  PendingSchema,
  DnsFailedSchema,
]);
export type PublicationAnswer = z.infer<typeof PublicationAnswerSchema>;

/**
 * Takes one step towards the environment's DNS after this deployment: the hostname points to the target that the
 * Terraform outputs name, or everything is withdrawn if the environment was destroyed or no longer has DNS settings.
 * The state calls again until the outcome is `done`. Throws NotHolderError.
 */
export async function publishDns(services: DnsServices, id: string): Promise<PublicationAnswer> {
  const subject = await loadDnsSubject(services.store, id, ['planning', 'applying']);
  const { environment, deployment } = subject;
  return answering(() =>
    environment.dns && deployment.operation !== 'destroy'
      ? publish(services, subject, environment.dns)
      : withdrawDns(services, subject),
  );
}

async function publish(
  services: DnsServices,
  { environment, deployment, dns }: DnsSubject,
  settings: DnsSettings,
): Promise<PublicationAnswer> {
  if (!dns) throw new Error(`publishing the DNS for "${deployment.id}": it never had a certificate`);
  const where = { application: environment.application, environment: environment.name };
  const wanted = recordFor(settings.record, await services.store.get('outputs', where), dns.hostname);
  const role = zoneRole(services, environment, dns.zone.roleArn, deployment.id);
  const standing = (await services.zones.records(role, dns.zone.id, dns.hostname)).filter((record) =>
    isInTheWay(record, settings.record.kind),
  );
  const foreign = standing.find((record) => !isOurs(dns, record));
  if (foreign) throw notOurs(dns.zone, foreign);
  const isStanding = standing.length === 1 && standing.some((record) => isSameRecord(record, wanted));
  if (!isStanding) {
    const changed = await writeRecords(services, role, dns, { remove: standing, create: [wanted] });
    return awaitSync(services, changed, deployment.id);
  }
  if (dns.change && !(await services.zones.isInSync(role, dns.change))) return awaitSync(services, dns, deployment.id);
  await record(services, dns, wanted, deployment.id);
  await dropReplaced(services, { environment, deployment }, dns);
  return { outcome: 'done' };
}

async function record(
  { store, surroundings }: DnsServices,
  where: EnvironmentDns,
  wanted: ZoneRecord,
  deploymentId: string,
): Promise<void> {
  await store.transact(async (transaction) => {
    const current = await transaction.get('environmentDns', where);
    if (!current) throw new Error(`keeping what ${where.hostname} points to: what was kept is gone`);
    const isKnown = current.published !== null && isSameRecord(current.published.record, wanted);
    const published = isKnown ? current.published : { record: wanted, deploymentId, at: surroundings.now() };
    transaction.put('environmentDns', { ...current, published, change: null, waiting: null });
    if (!isKnown)
      recordEvent(transaction, surroundings, deploymentId, 'dns-published', undefined, {
        hostname: where.hostname,
        target: wanted.alias?.name ?? wanted.values?.join() ?? '',
      });
  });
}

/** Deletes replaced certificates that nothing serves any more; every later deployment tries the others again. */
async function dropReplaced(
  services: DnsServices,
  { environment, deployment }: Pick<DnsSubject, 'environment' | 'deployment'>,
  dns: EnvironmentDns,
): Promise<void> {
  const role = certificateRole(services, environment, deployment.id);
  const gone: string[] = [];
  for (const arn of dns.replaced)
    if ((await services.certificates.delete(role, environment.region, arn)) === 'deleted') gone.push(arn);
  if (gone.length === 0) return;
  await updateDns(services.store, dns, (current) => ({
    ...current,
    replaced: current.replaced.filter((arn) => !gone.includes(arn)),
  }));
}

const HOST = /^(?=.{1,255}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+\.?$/i;
const ZONE_ID = /^Z[A-Z0-9]{1,31}$/;

/** Makes the record that the outputs ask for. Throws DnsError, naming the output, if one is missing or unusable. */
function recordFor(contract: DnsSettings['record'], outputs: Outputs | undefined, hostname: string): ZoneRecord {
  const target = plainName(read(outputs, contract, contract.nameOutput, HOST, 'the DNS name of a host'));
  if (contract.kind === 'cname') return { name: hostname, type: 'CNAME', ttl: contract.ttl, values: [target] };
  const zoneId = read(outputs, contract, contract.zoneIdOutput, ZONE_ID, 'the id of a hosted zone');
  return { name: hostname, type: 'A', alias: { zoneId, name: target, evaluateTargetHealth: false } };
}

function read(
  outputs: Outputs | undefined,
  { kind }: DnsSettings['record'],
  name: string,
  form: RegExp,
  what: string,
): string {
  const output = outputs?.values[name];
  const asked = `output "${name}", which the ${kind} record of this environment points by,`;
  if (outputs?.dropped.includes(name)) throw new DnsError('output-unusable', `${asked} is too large to be ${what}`);
  if (!output) {
    const there = Object.keys(outputs?.values ?? {}).join(', ') || 'none';
    throw new DnsError('output-missing', `${asked} does not exist; the outputs are: ${there}`);
  }
  if (output.sensitive) throw new DnsError('output-unusable', `${asked} is sensitive; DNS would tell it to everybody`);
  if (typeof output.value !== 'string' || !form.test(output.value))
    throw new DnsError('output-unusable', `${asked} is not ${what}: ${JSON.stringify(output.value).slice(0, 200)}`);
  return output.value;
}
