import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ZoneRecord } from '../../lambdas/domain/model/dns/zone-record.ts';
import type { AssumedRole, HostedZones } from '../../lambdas/domain/ports.ts';

interface Open {
  readonly zones: HostedZones;
  readonly role: AssumedRole;
  /** The public zone `acme.example`, and one of the same name that is private. */
  readonly zoneId: string;
  /** Lets a little of the time pass that a change takes to come into sync. */
  passTime(): Promise<unknown>;
}

const cname = (name: string, value: string): ZoneRecord => ({
  name: `${name}.acme.example`,
  type: 'CNAME',
  ttl: 300,
  values: [value],
});
const alias = (name: string, target: string): ZoneRecord => ({
  name: `${name}.acme.example`,
  type: 'A',
  alias: { zoneId: 'Z32O12XQLNTSW2', name: target, evaluateTargetHealth: false },
});

/** What everything that calls itself HostedZones must do. */
export function describeHostedZones(name: string, open: () => Promise<Open>): void {
  describe(name, () => {
    let { zones, role, zoneId, passTime }: Open = {} as Open;
    beforeAll(async () => {
      ({ zones, role, zoneId, passTime } = await open());
    });
    const recordsOf = (label: string) => zones.records(role, zoneId, `${label}.acme.example`);

    test('finds public zones by exactly their name', async () => {
      expect(await zones.named(role, 'acme.example')).toEqual([zoneId]);
      expect(await zones.named(role, 'cme.example')).toEqual([]);
      expect(await zones.named(role, 'dev.acme.example')).toEqual([]);
    });

    test('knows the name and the name servers of a zone', async () => {
      const zone = await zones.zone(role, zoneId);
      expect(zone).toMatchObject({ id: zoneId, name: 'acme.example' });
      expect(zone?.nameServers.length).toBeGreaterThan(0);
      for (const server of zone?.nameServers ?? []) expect(server).toMatch(/^[a-z0-9.-]+[a-z0-9]$/);
    });

    test('knows no zone that is not there', async () => {
      expect(await zones.zone(role, 'Z00000000NOWHERE0000')).toBeUndefined();
    });

    test('lists the name servers that the zone itself names', async () => {
      const [record] = (await zones.records(role, zoneId, 'acme.example')).filter(({ type }) => type === 'NS');
      expect(record?.values?.length).toBeGreaterThan(0);
    });

    test('creates records, and lists those of one name only', async () => {
      await zones.change(role, zoneId, { create: [cname('web', 'one.example'), alias('web2', 'lb.example')] });
      expect(await recordsOf('web')).toEqual([cname('web', 'one.example')]);
      expect(await recordsOf('web2')).toEqual([alias('web2', 'lb.example')]);
      expect(await recordsOf('we')).toEqual([]);
    });

    test('replaces a record that stands there as it is said to stand', async () => {
      await zones.change(role, zoneId, { create: [cname('moved', 'one.example')] });
      await zones.change(role, zoneId, {
        remove: [cname('moved', 'one.example')],
        create: [alias('moved', 'lb.example')],
      });
      expect(await recordsOf('moved')).toEqual([alias('moved', 'lb.example')]);
      await zones.change(role, zoneId, { remove: [alias('moved', 'lb.example')] });
      expect(await recordsOf('moved')).toEqual([]);
    });

    test('lets a change come into sync', async () => {
      const answer = await zones.change(role, zoneId, { create: [cname('synced', 'one.example')] });
      const changeId = 'changeId' in answer ? answer.changeId : '';
      expect(changeId).toMatch(/^[A-Z0-9]+$/);
      while (!(await zones.isInSync(role, changeId))) await passTime();
    });
  });
}

/** What it must do where a record is not as expected; moto neither refuses nor takes back half a batch. */
export function describeZoneConflicts(name: string, open: () => Promise<Open>): void {
  describe(`${name}, where records are not as expected,`, () => {
    let { zones, role, zoneId }: Open = {} as Open;
    beforeAll(async () => {
      ({ zones, role, zoneId } = await open());
    });
    const recordsOf = (label: string) => zones.records(role, zoneId, `${label}.acme.example`);

    test('creates nothing over what is there, and nothing of the same batch either', async () => {
      await zones.change(role, zoneId, { create: [cname('taken', 'one.example')] });
      const answer = await zones.change(role, zoneId, {
        create: [cname('free', 'two.example'), cname('taken', 'two.example')],
      });
      expect(answer).toEqual({ refused: expect.stringContaining('taken.acme.example') });
      expect(await recordsOf('taken')).toEqual([cname('taken', 'one.example')]);
      expect(await recordsOf('free')).toEqual([]);
    });

    test('leaves a record that somebody has changed, and does nothing else', async () => {
      await zones.change(role, zoneId, { create: [cname('changed', 'theirs.example')] });
      const answer = await zones.change(role, zoneId, {
        remove: [cname('changed', 'ours.example')],
        create: [cname('beside', 'ours.example')],
      });
      expect(answer).toEqual({ refused: expect.stringContaining('changed.acme.example') });
      expect(await recordsOf('changed')).toEqual([cname('changed', 'theirs.example')]);
      expect(await recordsOf('beside')).toEqual([]);
    });

    test('puts no CNAME beside other records, and no other record beside a CNAME', async () => {
      await zones.change(role, zoneId, { create: [alias('a-first', 'lb.example'), cname('c-first', 'one.example')] });
      for (const record of [cname('a-first', 'one.example'), alias('c-first', 'lb.example')])
        expect(await zones.change(role, zoneId, { create: [record] })).toEqual({
          refused: expect.stringContaining(record.name),
        });
    });
  });
}
