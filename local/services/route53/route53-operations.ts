import { AwsError, type CallContext, type Operation, type RequiredPermission } from '../../door/wire.ts';
import { compareNames, compareSets, fullName } from './record-set.ts';
import { changeElements, delegationElements, setElements, zoneElements } from './route53-elements.ts';
import { ByNameQuery, CreateInput, IdInput, parseChanges, queryOf, RecordsQuery } from './route53-inputs.ts';
import type { HostedZone, ZoneStore } from './zone-store.ts';

/** Makes the operations of the Route 53 API that concern zones and their records. */
export function createRoute53Operations(zones: ZoneStore): Record<string, Operation> {
  const onZone = (action: string, id: string, more: Partial<RequiredPermission> = {}): RequiredPermission[] => {
    const resourceAccountId = zones.find(id)?.accountId;
    const resources = [`arn:aws:route53:::hostedzone/${id}`];
    return [{ action: `route53:${action}`, resources, ...(resourceAccountId && { resourceAccountId }), ...more }];
  };

  return {
    CreateHostedZone: {
      permissions: () => [{ action: 'route53:CreateHostedZone', resources: ['*'] }],
      async perform(input, { caller }) {
        const { name, callerReference, isPrivate } = CreateInput.parse(input);
        const zone = zones.create({ accountId: caller.accountId, name, isPrivate });
        const changeId = zones.change(zone.id, []);
        return {
          HostedZone: zoneElements(zone, callerReference),
          ChangeInfo: changeElements(changeId, zones.progress(changeId)),
          ...delegationElements(zone),
        };
      },
    },
    ListHostedZonesByName: {
      permissions: () => [{ action: 'route53:ListHostedZonesByName', resources: ['*'] }],
      async perform(input, call) {
        const { dnsname, maxitems } = ByNameQuery.parse(queryOf(input));
        const found = zones
          .all()
          .filter((zone) => isVisible(zone, call) && compareNames(zone.name, fullName(dnsname)) >= 0)
          .sort((one, other) => compareNames(one.name, other.name));
        return {
          HostedZones: { HostedZone: found.slice(0, maxitems).map((zone) => zoneElements(zone)) },
          DNSName: dnsname,
          IsTruncated: found.length > maxitems,
          MaxItems: maxitems,
        };
      },
    },
    GetHostedZone: {
      permissions: (input) => onZone('GetHostedZone', IdInput.parse(input).id),
      async perform(input) {
        const zone = zones.require(IdInput.parse(input).id);
        return { HostedZone: zoneElements(zone), ...(!zone.isPrivate && delegationElements(zone)) };
      },
    },
    ListResourceRecordSets: {
      permissions: (input) => onZone('ListResourceRecordSets', IdInput.parse(input).id),
      async perform(input) {
        const { name, type = '', maxitems } = RecordsQuery.parse(queryOf(input));
        const start = name === undefined ? undefined : { name: fullName(name), type };
        const { records } = zones.require(IdInput.parse(input).id);
        const sets = [...records].sort(compareSets).filter((set) => !start || compareSets(set, start) >= 0);
        const next = sets[maxitems];
        return {
          ResourceRecordSets: { ResourceRecordSet: sets.slice(0, maxitems).map(setElements) },
          IsTruncated: next !== undefined,
          ...(next && { NextRecordName: next.name, NextRecordType: next.type }),
          MaxItems: maxitems,
        };
      },
    },
    ChangeResourceRecordSets: {
      permissions(input) {
        const { id, changes } = parseChanges(input);
        const context = {
          'route53:ChangeResourceRecordSetsNormalizedRecordNames': changes.map(({ name }) => name.replace(/\.$/, '')),
          'route53:ChangeResourceRecordSetsRecordTypes': changes.map(({ type }) => type),
          'route53:ChangeResourceRecordSetsActions': changes.map(({ action }) => action),
        };
        return onZone('ChangeResourceRecordSets', id, { context });
      },
      async perform(input) {
        const { id, changes } = parseChanges(input);
        const changeId = zones.change(
          id,
          changes.map(({ action, setIdentifier, ...set }) => ({ action, set })),
        );
        return { ChangeInfo: changeElements(changeId, zones.progress(changeId)) };
      },
    },
    GetChange: {
      permissions(input) {
        const { id } = IdInput.parse(input);
        const resourceAccountId = zones.progress(id)?.accountId;
        const resources = [`arn:aws:route53:::change/${id}`];
        return [{ action: 'route53:GetChange', resources, ...(resourceAccountId && { resourceAccountId }) }];
      },
      async perform(input) {
        const { id } = IdInput.parse(input);
        const progress = zones.progress(id);
        if (!progress) throw new AwsError('NoSuchChange', `Could not find resource with ID: ${id}`, 404);
        return { ChangeInfo: changeElements(id, progress) };
      },
    },
  };
}

const isVisible = (zone: HostedZone, { caller }: CallContext): boolean =>
  caller.kind === 'operator' || zone.accountId === caller.accountId;
