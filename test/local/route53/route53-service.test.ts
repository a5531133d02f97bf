import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetHostedZoneCommand,
  ListHostedZonesByNameCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
} from '@aws-sdk/client-route-53';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { describeHostedZones, describeZoneConflicts } from '../../contracts/hosted-zones-contract.ts';
import { ALL, DNS_ROLE, type DnsCloud, openDnsCloud, ZONE_ACCOUNT } from '../open-dns-cloud.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

let cloud: DnsCloud;
beforeAll(async () => {
  cloud = await openDnsCloud();
});
const contractClouds: DnsCloud[] = [];
afterAll(async () => {
  for (const each of [cloud, ...contractClouds]) await each.close();
});

for (const describeThem of [describeHostedZones, describeZoneConflicts])
  describeThem('Route53HostedZones on the local Route 53', async () => {
    const own = await openDnsCloud();
    own.route53.zones.create({ accountId: ZONE_ACCOUNT, name: 'acme.example', isPrivate: true });
    own.route53.zones.create({ accountId: '333333333333', name: 'acme.example' });
    const { id } = own.route53.zones.create({ accountId: ZONE_ACCOUNT, name: 'acme.example' });
    contractClouds.push(own);
    return { zones: own.zones, role: DNS_ROLE, zoneId: id, passTime: () => own.clock.advance(0.1) };
  });

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    ({ name, message }: Error) => `${name}: ${message}`,
  );
const zoneOf = (accountId = ZONE_ACCOUNT, name = 'acme.example') => cloud.route53.zones.create({ accountId, name }).id;
const record = (name: string): ResourceRecordSet => ({
  Name: name,
  Type: 'CNAME',
  TTL: 60,
  ResourceRecords: [{ Value: 'b.example' }],
});
const change = (HostedZoneId: string, Action: 'CREATE' | 'UPSERT' | 'DELETE', ResourceRecordSet: ResourceRecordSet) =>
  cloud.operator.route53.send(
    new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes: [{ Action, ResourceRecordSet }] } }),
  );

describe('the local Route 53', () => {
  it('makes zones with name servers of their own and the records every zone has', async () => {
    const { HostedZone, DelegationSet, ChangeInfo } = await cloud.operator.route53.send(
      new CreateHostedZoneCommand({ Name: 'Made.Example', CallerReference: '1' }),
    );
    expect(HostedZone).toMatchObject({ Name: 'made.example.', Config: { PrivateZone: false } });
    expect(DelegationSet?.NameServers).toHaveLength(4);
    expect(ChangeInfo?.Status).toBe('PENDING');
    const { ResourceRecordSets } = await cloud.operator.route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: HostedZone?.Id }),
    );
    expect(ResourceRecordSets?.map(({ Type }) => Type)).toEqual(['NS', 'SOA']);
  });

  it('writes over a record when told to', async () => {
    const zone = zoneOf();
    for (const value of ['one.example', 'two.example'])
      await change(zone, 'UPSERT', { ...record('web.acme.example'), ResourceRecords: [{ Value: value }] });
    const [found] = await cloud.zones.records(DNS_ROLE, zone, 'web.acme.example');
    expect(found?.values).toEqual(['two.example']);
  });

  it('lists by the labels from the right, page by page', async () => {
    const zone = zoneOf();
    for (const name of ['b.acme.example', 'a.b.acme.example', 'c.acme.example'])
      await change(zone, 'CREATE', record(name));
    const names: (string | undefined)[] = [];
    let start = {};
    for (;;) {
      const page = await cloud.operator.route53.send(
        new ListResourceRecordSetsCommand({ HostedZoneId: zone, MaxItems: 2, ...start }),
      );
      names.push(...(page.ResourceRecordSets ?? []).map(({ Name }) => Name));
      if (!page.IsTruncated) break;
      start = { StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType };
    }
    const acme = ['acme.example.', 'acme.example.'];
    expect(names).toEqual([...acme, 'b.acme.example.', 'a.b.acme.example.', 'c.acme.example.']);
  });

  it('tells a star by its code, as Route 53 does', async () => {
    const zone = zoneOf();
    await change(zone, 'CREATE', record('*.acme.example'));
    const { ResourceRecordSets } = await cloud.operator.route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: zone, StartRecordName: '*.acme.example' }),
    );
    expect(ResourceRecordSets?.[0]?.Name).toBe('\\052.acme.example.');
    expect(await cloud.zones.records(DNS_ROLE, zone, '*.acme.example')).toHaveLength(1);
  });

  it.each<[string, 'CREATE' | 'DELETE', ResourceRecordSet, string]>([
    ['a record outside of the zone', 'CREATE', record('web.other.example'), 'is not permitted in zone acme.example.'],
    ['a CNAME at the top of the zone', 'CREATE', record('acme.example'), 'not permitted at apex'],
    ['deleting what is not there', 'DELETE', record('nowhere.acme.example'), 'but it was not found'],
  ])('refuses %s', async (_, action, set, words) => {
    const refused = await refusal(change(zoneOf(), action, set));
    expect(refused).toContain('InvalidChangeBatch');
    expect(refused).toContain(words);
  });

  it('refuses what is neither an alias nor records, and what it does not support, by name', async () => {
    const zone = zoneOf();
    expect(await refusal(change(zone, 'CREATE', { Name: 'x.acme.example', Type: 'A' }))).toContain('InvalidInput');
    const weighted = { ...record('x.acme.example'), SetIdentifier: 'a', Weight: 1 };
    expect(await refusal(change(zone, 'CREATE', weighted))).toContain('routing policies are not supported');
    expect(await refusal(cloud.operator.route53.send(new ListHostedZonesCommand({})))).toContain('GET /hostedzone');
  });

  it('knows no zone and no change that is not there', async () => {
    expect(await refusal(cloud.operator.route53.send(new GetHostedZoneCommand({ Id: 'Z0NOWHERE' })))).toContain(
      'NoSuchHostedZone',
    );
    expect(await cloud.zones.isInSync(DNS_ROLE, 'C0NOWHERE')).toBe(true);
  });

  it('lets a test throttle a change', async () => {
    const zone = zoneOf();
    const fault = { service: 'route53', operation: 'ChangeResourceRecordSets', times: 1 };
    cloud.door.faults.add({ ...fault, error: { code: 'PriorRequestNotComplete', status: 400 } });
    const wanted = { create: [{ name: 'web.acme.example', type: 'CNAME', ttl: 60, values: ['b.example'] }] };
    await expect(cloud.zones.change(DNS_ROLE, zone, wanted)).rejects.toMatchObject({ name: 'PriorRequestNotComplete' });
    expect(await cloud.zones.change(DNS_ROLE, zone, wanted)).toHaveProperty('changeId');
  });

  it('keeps zones, records and changes', async () => {
    const directory = temporaryDirectory();
    const before = await openDnsCloud(directory);
    const { id } = before.route53.zones.create({ accountId: ZONE_ACCOUNT, name: 'acme.example', isDelegated: true });
    const wanted = { name: 'web.acme.example', type: 'CNAME', ttl: 60, values: ['b.example'] };
    const answer = await before.zones.change(DNS_ROLE, id, { create: [wanted] });
    await before.close();
    const after = await openDnsCloud(directory);
    expect(await after.zones.records(DNS_ROLE, id, 'web.acme.example')).toEqual([wanted]);
    expect(after.route53.zones.progress('changeId' in answer ? answer.changeId : '')).toBeDefined();
    expect(after.route53.zones.find(id)?.isDelegated).toBe(true);
    await after.close();
  });
});

describe('access to zones', () => {
  afterEach(() => cloud.allow(ALL));

  it('ends at the account: zones of others are neither listed nor read nor changed', async () => {
    const foreign = zoneOf('333333333333', 'foreign.example');
    expect(await cloud.zones.named(DNS_ROLE, 'foreign.example')).toEqual([]);
    expect(await refusal(cloud.zones.zone(DNS_ROLE, foreign))).toContain('AccessDenied');
    expect(await refusal(cloud.zones.change(DNS_ROLE, foreign, {}))).not.toBe('no error');
    const { HostedZones = [] } = await cloud.operator.route53.send(
      new ListHostedZonesByNameCommand({ DNSName: 'foreign.example' }),
    );
    expect(HostedZones[0]?.Id).toBe(`/hostedzone/${foreign}`);
  });

  it('can be limited to records by name, type and action', async () => {
    const zone = zoneOf();
    const condition = (key: string, ...values: string[]) => ({ [`route53:ChangeResourceRecordSets${key}`]: values });
    cloud.allow([
      { Effect: 'Allow', Action: 'route53:ListResourceRecordSets', Resource: '*' },
      {
        Effect: 'Allow',
        Action: 'route53:ChangeResourceRecordSets',
        Resource: `arn:aws:route53:::hostedzone/${zone}`,
        Condition: {
          'ForAllValues:StringLike': condition('NormalizedRecordNames', 'web.acme.example', '_*.web.acme.example'),
          'ForAllValues:StringEquals': {
            ...condition('Actions', 'CREATE', 'DELETE'),
            ...condition('RecordTypes', 'A', 'CNAME'),
          },
        },
      },
    ]);
    const create = (name: string, type = 'CNAME') =>
      refusal(cloud.zones.change(DNS_ROLE, zone, { create: [{ name, type, ttl: 60, values: ['b.example'] }] }));
    expect(await create('web.acme.example')).toBe('no error');
    expect(await create('_proof.web.acme.example')).toBe('no error');
    expect(await create('www.acme.example')).toContain('AccessDenied');
    expect(await create('x.web.acme.example')).toContain('AccessDenied');
    expect(await create('_proof.web.acme.example', 'TXT')).toContain('AccessDenied');
    expect((await cloud.zones.records(DNS_ROLE, zone, 'www.acme.example')).length).toBe(0);
  });
});
