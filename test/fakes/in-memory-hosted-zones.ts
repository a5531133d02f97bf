import {
  describeRecord,
  type HostedZone,
  isSameRecord,
  type ZoneRecord,
} from '../../lambdas/domain/model/dns/zone-record.ts';
import type { AssumedRole, HostedZones } from '../../lambdas/domain/ports.ts';

/** Zones of whatever account; who asks is only remembered. */
export class InMemoryHostedZones implements HostedZones {
  readonly all: HostedZone[] = [];
  readonly content = new Map<string, ZoneRecord[]>();
  /** Roles that were used, in order of first use. */
  readonly roles = new Set<string>();
  /** How often a change is looked at before it is in sync. */
  looksUntilInSync = 1;
  readonly #looks = new Map<string, number>();

  add(id: string, name: string, nameServers: readonly string[] = [`ns-1.${id.toLowerCase()}.example`]): HostedZone {
    const zone = { id, name, nameServers };
    this.all.push(zone);
    this.content.set(id, [{ name, type: 'NS', ttl: 172_800, values: [...nameServers] }]);
    return zone;
  }

  /** Somebody else's hand. */
  put(zoneId: string, record: ZoneRecord): void {
    const others = this.#content(zoneId).filter(({ name, type }) => name !== record.name || type !== record.type);
    this.content.set(zoneId, [...others, record]);
  }

  drop(zoneId: string, name: string): void {
    this.content.set(
      zoneId,
      this.#content(zoneId).filter((record) => record.name !== name),
    );
  }

  async named(role: AssumedRole, domain: string): Promise<string[]> {
    this.roles.add(role.roleArn);
    return this.all.filter(({ name }) => name === domain).map(({ id }) => id);
  }

  async zone(role: AssumedRole, id: string): Promise<HostedZone | undefined> {
    this.roles.add(role.roleArn);
    return this.all.find((zone) => zone.id === id);
  }

  async records(role: AssumedRole, zoneId: string, name: string): Promise<ZoneRecord[]> {
    this.roles.add(role.roleArn);
    return structuredClone(this.#content(zoneId).filter((record) => record.name === name));
  }

  async change(
    role: AssumedRole,
    zoneId: string,
    { remove = [], create = [] }: Parameters<HostedZones['change']>[2],
  ): ReturnType<HostedZones['change']> {
    this.roles.add(role.roleArn);
    let content = [...this.#content(zoneId)];
    for (const record of remove) {
      const found = content.find((each) => isSameRecord(each, record));
      if (!found) return { refused: `${describeRecord(record)} was not found` };
      content = content.filter((each) => each !== found);
    }
    for (const record of create) {
      const namesakes = content.filter(({ name }) => name === record.name);
      if (namesakes.some(({ type }) => type === record.type)) return { refused: `${record.name} already exists` };
      if (namesakes.length > 0 && [record, ...namesakes].some(({ type }) => type === 'CNAME'))
        return { refused: `${record.name} has other records, a CNAME stands alone` };
      content.push(structuredClone(record));
    }
    this.content.set(zoneId, content);
    const changeId = `C${this.#looks.size + 1}`;
    this.#looks.set(changeId, 0);
    return { changeId };
  }

  async isInSync(_: AssumedRole, changeId: string): Promise<boolean> {
    const looks = (this.#looks.get(changeId) ?? this.looksUntilInSync) + 1;
    this.#looks.set(changeId, looks);
    return looks > this.looksUntilInSync;
  }

  #content(zoneId: string): ZoneRecord[] {
    const content = this.content.get(zoneId);
    if (!content) throw new Error(`there is no zone ${zoneId}`);
    return content;
  }
}
