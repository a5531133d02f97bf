import {
  type Change,
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  InvalidChangeBatch,
  ListHostedZonesByNameCommand,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandInput,
  NoSuchChange,
  NoSuchHostedZone,
  type ResourceRecordSet,
  Route53Client,
  RRType,
} from '@aws-sdk/client-route-53';
import { STSClient } from '@aws-sdk/client-sts';
import * as z from 'zod';
import { type HostedZone, plainName, type ZoneRecord } from '../domain/model/dns/zone-record.ts';
import type { AssumedRole, HostedZones } from '../domain/ports.ts';
import { type ClientAccess, RoleClients } from './role-clients.ts';

const TypeSchema = z.enum(RRType);

export class Route53HostedZones implements HostedZones {
  readonly #clients: RoleClients<Route53Client>;

  constructor(make = (access: ClientAccess) => new Route53Client(access), sts: STSClient = new STSClient({})) {
    this.#clients = new RoleClients(make, sts);
  }

  async named(role: AssumedRole, domain: string): Promise<string[]> {
    const list = new ListHostedZonesByNameCommand({ DNSName: domain, MaxItems: 100 });
    const { HostedZones: zones = [] } = await this.#clients.as(role).send(list);
    return zones.flatMap(({ Id, Name = '', Config }) =>
      Id && readName(Name) === domain && !Config?.PrivateZone ? [plainId(Id)] : [],
    );
  }

  async zone(role: AssumedRole, id: string): Promise<HostedZone | undefined> {
    try {
      const { HostedZone: found, DelegationSet } = await this.#clients
        .as(role)
        .send(new GetHostedZoneCommand({ Id: id }));
      if (!found?.Name || found.Config?.PrivateZone) return undefined;
      return { id, name: readName(found.Name), nameServers: (DelegationSet?.NameServers ?? []).map(plainName) };
    } catch (error) {
      if (error instanceof NoSuchHostedZone) return undefined;
      throw error;
    }
  }

  async records(role: AssumedRole, zoneId: string, name: string): Promise<ZoneRecord[]> {
    const records: ZoneRecord[] = [];
    let start: Omit<ListResourceRecordSetsCommandInput, 'HostedZoneId'> = { StartRecordName: name };
    for (;;) {
      const list = new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, ...start });
      const page = await this.#clients.as(role).send(list);
      const found = (page.ResourceRecordSets ?? []).map(readRecord);
      records.push(...found.filter((record) => record.name === name));
      // After the records of this name, the list continues with other names of the zone.
      if (!page.IsTruncated || found.at(-1)?.name !== name) return records;
      start = {
        StartRecordName: page.NextRecordName,
        StartRecordType: page.NextRecordType,
        StartRecordIdentifier: page.NextRecordIdentifier,
      };
    }
  }

  async change(
    role: AssumedRole,
    zoneId: string,
    { remove = [], create = [] }: Parameters<HostedZones['change']>[2],
  ): ReturnType<HostedZones['change']> {
    const Changes: Change[] = [
      ...remove.map((record): Change => ({ Action: 'DELETE', ResourceRecordSet: writeRecord(record) })),
      ...create.map((record): Change => ({ Action: 'CREATE', ResourceRecordSet: writeRecord(record) })),
    ];
    try {
      const change = new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: { Changes } });
      const { ChangeInfo } = await this.#clients.as(role).send(change);
      if (!ChangeInfo?.Id) throw new Error(`changing zone ${zoneId}: Route 53 gave the change no id`);
      return { changeId: plainId(ChangeInfo.Id) };
    } catch (error) {
      if (error instanceof InvalidChangeBatch)
        return { refused: [...(error.messages ?? []), error.message].filter(Boolean).join('; ') };
      throw error;
    }
  }

  async isInSync(role: AssumedRole, changeId: string): Promise<boolean> {
    try {
      const { ChangeInfo } = await this.#clients.as(role).send(new GetChangeCommand({ Id: changeId }));
      return ChangeInfo?.Status === 'INSYNC';
    } catch (error) {
      if (error instanceof NoSuchChange) return true;
      throw error;
    }
  }
}

/** Returns the id without its path: `Z123` of `/hostedzone/Z123`, `C123` of `/change/C123`. */
const plainId = (id: string): string => id.split('/').at(-1) ?? id;

/** Reads a name of Route 53, which writes some characters as octal codes: `\052.example.com.` */
const readName = (name: string): string =>
  plainName(name.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))));

function readRecord(set: ResourceRecordSet): ZoneRecord {
  const { Name = '', Type = '', TTL, ResourceRecords = [], AliasTarget, SetIdentifier } = set;
  return {
    name: readName(Name),
    type: Type,
    ...(TTL !== undefined && !AliasTarget && { ttl: TTL }),
    ...(ResourceRecords.length > 0 && { values: ResourceRecords.map(({ Value = '' }) => Value) }),
    ...(AliasTarget && {
      alias: {
        zoneId: AliasTarget.HostedZoneId ?? '',
        name: readName(AliasTarget.DNSName ?? ''),
        evaluateTargetHealth: AliasTarget.EvaluateTargetHealth ?? false,
      },
    }),
    ...(SetIdentifier && { setIdentifier: SetIdentifier }),
  };
}

function writeRecord({ name, type, ttl, values, alias }: ZoneRecord): ResourceRecordSet {
  return {
    Name: name,
    Type: TypeSchema.parse(type),
    ...(ttl !== undefined && { TTL: ttl }),
    ...(values && { ResourceRecords: values.map((Value) => ({ Value })) }),
    ...(alias && {
      AliasTarget: {
        HostedZoneId: alias.zoneId,
        DNSName: alias.name,
        EvaluateTargetHealth: alias.evaluateTargetHealth,
      },
    }),
  };
}
