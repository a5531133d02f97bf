import type { XmlElements } from '../../door/xml-document.ts';
import type { RecordSet } from './record-set.ts';
import type { HostedZone, ZoneStore } from './zone-store.ts';

export const zoneElements = ({ id, name, isPrivate, records }: HostedZone, callerReference = id): XmlElements => ({
  Id: `/hostedzone/${id}`,
  Name: name,
  CallerReference: callerReference,
  Config: { PrivateZone: isPrivate },
  ResourceRecordSetCount: records.length,
});

export const delegationElements = ({ nameServers }: HostedZone): XmlElements => ({
  DelegationSet: { NameServers: { NameServer: nameServers } },
});

export function setElements({ name, type, ttl, values, alias }: RecordSet): XmlElements {
  return {
    // Route 53 writes some characters as octal codes.
    Name: name.replaceAll('*', '\\052'),
    Type: type,
    ...(alias && {
      AliasTarget: {
        HostedZoneId: alias.zoneId,
        DNSName: alias.name,
        EvaluateTargetHealth: alias.evaluateTargetHealth,
      },
    }),
    TTL: ttl,
    ...(values && { ResourceRecords: { ResourceRecord: values.map((Value) => ({ Value })) } }),
  };
}

export function changeElements(id: string, progress: ReturnType<ZoneStore['progress']>): XmlElements {
  return {
    Id: `/change/${id}`,
    Status: progress?.isInSync ? 'INSYNC' : 'PENDING',
    SubmittedAt: progress?.submittedAt.toISOString(),
  };
}
