import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { AwsError } from '../../door/wire.ts';
import type { Database } from '../../persistence/database.ts';
import { applyChanges, type Change, fullName, type RecordSet } from './record-set.ts';

export interface HostedZone {
  readonly id: string;
  /** The name with the dot at its end. */
  readonly name: string;
  readonly accountId: string;
  readonly isPrivate: boolean;
  /** Whether the domain's registrar, or the zone above it, refers to this zone's servers. */
  readonly isDelegated: boolean;
  readonly nameServers: readonly string[];
  readonly records: readonly RecordSet[];
}

interface SubmittedChange {
  readonly accountId: string;
  /** Epoch milliseconds. */
  readonly submittedAt: number;
}

interface NewZone {
  readonly accountId: string;
  readonly name: string;
  readonly id?: string;
  readonly isPrivate?: boolean;
  readonly isDelegated?: boolean;
}

/** Milliseconds until the name servers know a change: long enough for the change to be seen as pending. */
const SYNC_MS = 300;

/** The zones of all accounts with their records, and the public DNS, which consists of the delegated zones. */
export class ZoneStore {
  readonly #zones;
  readonly #changes;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#zones = database.collection<HostedZone>('route53-zones');
    this.#changes = database.collection<SubmittedChange>('route53-changes');
    this.#clock = clock;
  }

  all(): HostedZone[] {
    return this.#zones.entries().map(([, zone]) => zone);
  }

  find(id: string): HostedZone | undefined {
    return this.#zones.get(id);
  }

  create({ accountId, name, id, isPrivate = false, isDelegated = false }: NewZone): HostedZone {
    const sequence = this.#zones.entries().length;
    const zoneId = id ?? `Z0${digest(`${accountId} ${name} ${sequence}`).slice(0, 18).toUpperCase()}`;
    const fqdn = fullName(name);
    const nameServers = ['org', 'com', 'net', 'co.uk'].map((tld, index) => {
      const number = Number.parseInt(digest(`${zoneId} ${index}`).slice(0, 4), 16) % 2048;
      return `ns-${number}.awsdns-${String(number % 64).padStart(2, '0')}.${tld}`;
    });
    const soa = `${nameServers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`;
    const zone: HostedZone = {
      id: zoneId,
      name: fqdn,
      accountId,
      isPrivate,
      isDelegated,
      nameServers,
      records: [
        { name: fqdn, type: 'NS', ttl: 172_800, values: nameServers.map((server) => `${server}.`) },
        { name: fqdn, type: 'SOA', ttl: 900, values: [soa] },
      ],
    };
    this.#zones.put(zoneId, zone);
    return zone;
  }

  delegate(id: string, isDelegated: boolean): void {
    this.#zones.put(id, { ...this.require(id), isDelegated });
  }

  require(id: string): HostedZone {
    const zone = this.#zones.get(id);
    if (!zone) throw new AwsError('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, 404);
    return zone;
  }

  /** Performs all changes or none; returns the id with which their progress can be read. */
  change(id: string, changes: readonly Change[]): string {
    const zone = this.require(id);
    this.#zones.put(id, { ...zone, records: applyChanges(zone.name, zone.records, changes) });
    const submittedAt = this.#clock.now();
    const changeId = `C${digest(`${id} ${submittedAt} ${this.#changes.entries().length}`).slice(0, 20).toUpperCase()}`;
    this.#changes.put(changeId, { accountId: zone.accountId, submittedAt });
    return changeId;
  }

  progress(changeId: string): { submittedAt: Date; isInSync: boolean; accountId: string } | undefined {
    const change = this.#changes.get(changeId);
    if (!change) return undefined;
    const { submittedAt, accountId } = change;
    return { submittedAt: new Date(submittedAt), isInSync: this.#clock.now() - submittedAt >= SYNC_MS, accountId };
  }

  /** Returns the zone that answers for a name in the public DNS: the nearest delegated zone. */
  authority(name: string): HostedZone | undefined {
    const fqdn = fullName(name);
    return this.all()
      .filter((zone) => zone.isDelegated && !zone.isPrivate && `.${fqdn}`.endsWith(`.${zone.name}`))
      .sort((one, other) => other.name.length - one.name.length)[0];
  }

  /** Returns the records of a name in the public DNS. */
  publicRecords(name: string): readonly RecordSet[] {
    const fqdn = fullName(name);
    return this.authority(fqdn)?.records.filter((set) => set.name === fqdn) ?? [];
  }

  /** Returns the target of a name's CNAME record in the public DNS, if there is one. */
  publicCname(name: string): string | undefined {
    return this.publicRecords(name).find(({ type }) => type === 'CNAME')?.values?.[0];
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
