import * as z from 'zod';
import { type Clock, systemClock } from '../../clock.ts';
import {
  AwsError,
  type AwsService,
  type CallContext,
  type Operation,
  type RequiredPermission,
} from '../../door/wire.ts';
import type { XmlElements } from '../../door/xml-document.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { compareNames, compareSets, fullName, type RecordSet } from './record-set.ts';
import { route53Protocol } from './route53-protocol.ts';
import { type HostedZone, ZoneStore } from './zone-store.ts';

/** Types that the zones of the local cloud may hold. */
const TypeSchema = z.enum(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'SOA', 'SRV', 'TXT']);

const AliasSchema = z.object({
  zoneId: z.string(),
  name: z.string().transform(fullName),
  evaluateTargetHealth: z.boolean(),
});
const ChangeSchema = z.object({
  action: z.enum(['CREATE', 'DELETE', 'UPSERT']),
  name: z.string().transform(fullName),
  type: TypeSchema,
  ttl: z.coerce.number().int().min(0).optional(),
  values: z.array(z.string()).min(1).optional(),
  alias: AliasSchema.optional(),
  setIdentifier: z.undefined({ error: 'routing policies are not supported by the local cloud' }),
});
const ChangeInput = z.object({ id: z.string(), changes: z.array(ChangeSchema).min(1) });
const IdInput = z.object({ id: z.string() });
const CreateInput = z.object({ name: z.string().min(1), callerReference: z.string().min(1), isPrivate: z.boolean() });
const ByNameQuery = z.strictObject({
  dnsname: z.string().default(''),
  maxitems: z.coerce.number().int().min(1).max(100).default(100),
});
const RecordsQuery = z.strictObject({
  name: z.string().optional(),
  type: z.string().optional(),
  maxitems: z.coerce.number().int().min(1).max(300).default(300),
});
const queryOf = (input: unknown): unknown => z.object({ query: z.unknown() }).parse(input).query;

export interface Route53Service extends LocalService {
  readonly service: AwsService;
  readonly zones: ZoneStore;
}

/** Route 53: public zones of all accounts, each seen by the roles of its own. Delegation is what the zone store says. */
export function createRoute53Service(
  { database }: Pick<LocalContext, 'database'>,
  clock: Clock = systemClock,
): Route53Service {
  const zones = new ZoneStore(database, clock);
  const onZone = (action: string, id: string, more: Partial<RequiredPermission> = {}): RequiredPermission[] => {
    const resourceAccountId = zones.find(id)?.accountId;
    const resources = [`arn:aws:route53:::hostedzone/${id}`];
    return [{ action: `route53:${action}`, resources, ...(resourceAccountId && { resourceAccountId }), ...more }];
  };
  const isVisible = (zone: HostedZone, { caller }: CallContext): boolean =>
    caller.kind === 'operator' || zone.accountId === caller.accountId;

  const operations: Record<string, Operation> = {
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
  return {
    zones,
    service: {
      signingName: 'route53',
      protocol: route53Protocol,
      accessDenied: { code: 'AccessDenied', status: 403 },
      operations,
    },
    provisioners: {},
  };
}

function parseChanges(input: unknown): z.infer<typeof ChangeInput> {
  const parsed = ChangeInput.safeParse(input);
  if (!parsed.success) throw new AwsError('InvalidInput', z.prettifyError(parsed.error));
  const odd = parsed.data.changes.find(({ alias, values, ttl }) =>
    alias ? values !== undefined || ttl !== undefined : values === undefined || ttl === undefined,
  );
  if (odd)
    throw new AwsError(
      'InvalidInput',
      `Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]] in Change with [Action=${odd.action}, Name=${odd.name}, Type=${odd.type}]`,
    );
  return parsed.data;
}

const zoneElements = ({ id, name, isPrivate, records }: HostedZone, callerReference = id): XmlElements => ({
  Id: `/hostedzone/${id}`,
  Name: name,
  CallerReference: callerReference,
  Config: { PrivateZone: isPrivate },
  ResourceRecordSetCount: records.length,
});

const delegationElements = ({ nameServers }: HostedZone): XmlElements => ({
  DelegationSet: { NameServers: { NameServer: nameServers } },
});

function setElements({ name, type, ttl, values, alias }: RecordSet): XmlElements {
  return {
    // Route 53 tells some characters by their octal code.
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

function changeElements(id: string, progress: ReturnType<ZoneStore['progress']>): XmlElements {
  return {
    Id: `/change/${id}`,
    Status: progress?.isInSync ? 'INSYNC' : 'PENDING',
    SubmittedAt: progress?.submittedAt.toISOString(),
  };
}
