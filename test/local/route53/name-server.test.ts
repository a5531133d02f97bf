import { createSocket } from 'node:dgram';
import { getServers, setServers } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ResolverPublicDns } from '../../../lambdas/adapters/resolver-public-dns.ts';
import { openDatabase } from '../../../local/persistence/database.ts';
import { createNameServer } from '../../../local/services/route53/name-server.ts';
import { ZoneStore } from '../../../local/services/route53/zone-store.ts';
import { describePublicDns } from '../../contracts/public-dns-contract.ts';

const zones = new ZoneStore(openDatabase(undefined), { now: () => Date.now(), at: () => () => {} });
const complaints: unknown[] = [];
const resolver = new Resolver({ timeout: 60_000, tries: 1 });
const before = getServers();
const server = createNameServer(zones, ({ fields }) => complaints.push(fields));
beforeAll(async () => {
  await server.start();
  resolver.setServers([server.address()]);
  setServers([server.address()]);
});
afterAll(async () => {
  setServers(before);
  await server.stop();
});

const zone = (name: string, isDelegated = true) => zones.create({ accountId: '222222222222', name, isDelegated });
const create = (id: string, name: string, type: string, ...values: string[]) =>
  zones.change(id, [{ action: 'CREATE', set: { name: `${name}.`, type, ttl: 60, values } }]);
const failure = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    ({ code }: { code?: string }) => code,
  );

describePublicDns('ResolverPublicDns on the local name server', async () => {
  zone('undelegated.example', false);
  return { dns: new ResolverPublicDns(), delegated: 'acme.example', servers: zone('acme.example').nameServers };
});

describe('the local name server', () => {
  it('has no address before its start', () => {
    expect(() => createNameServer(zones, () => {}).address()).toThrow('the name server has not started');
  });

  it('answers plain records of delegated zones', async () => {
    const { id } = zone('plain.example');
    create(id, 'a.plain.example', 'A', '192.0.2.1', '192.0.2.2');
    create(id, 'c.plain.example', 'CNAME', 'target.other.example.');
    create(id, 't.plain.example', 'TXT', '"some text"');
    expect((await resolver.resolve4('A.plain.example')).sort()).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(await resolver.resolveCname('c.plain.example')).toEqual(['target.other.example']);
    expect(await resolver.resolveTxt('t.plain.example')).toEqual([['some text']]);
  });

  it('answers from the nearest zone', async () => {
    create(zone('near.example').id, 'x.sub.near.example', 'A', '192.0.2.1');
    create(zone('sub.near.example').id, 'x.sub.near.example', 'A', '192.0.2.2');
    expect(await resolver.resolve4('x.sub.near.example')).toEqual(['192.0.2.2']);
  });

  it('knows nothing of zones that are not delegated, nor of the rest of the world', async () => {
    create(zone('hidden.example', false).id, 'a.hidden.example', 'A', '192.0.2.1');
    expect(await failure(resolver.resolve4('a.hidden.example'))).toBe('ENOTFOUND');
    expect(await failure(resolver.resolve4('www.iana.org'))).toBe('ENOTFOUND');
  });

  it('tells a name without such records from one that is not there', async () => {
    create(zone('kinds.example').id, 'a.kinds.example', 'A', '192.0.2.1');
    expect(await failure(resolver.resolveTxt('a.kinds.example'))).toBe('ENODATA');
    expect(await failure(resolver.resolveTxt('b.kinds.example'))).toBe('ENOTFOUND');
  });

  it('says that it cannot follow an alias', async () => {
    const alias = { zoneId: 'Z1', name: 'lb.example.', evaluateTargetHealth: false };
    zones.change(zone('alias.example').id, [
      { action: 'CREATE', set: { name: 'web.alias.example.', type: 'A', alias } },
    ]);
    expect(await failure(resolver.resolve4('web.alias.example'))).toBe('ESERVFAIL');
    expect(JSON.stringify(complaints)).toContain('web.alias.example. is an alias of lb.example.');
  });

  it('forgets a zone whose delegation is taken away', async () => {
    const { id } = zone('lost.example');
    create(id, 'a.lost.example', 'A', '192.0.2.1');
    zones.delegate(id, false);
    expect(await failure(resolver.resolve4('a.lost.example'))).toBe('ENOTFOUND');
  });

  it('is not upset by garbage', async () => {
    const socket = createSocket('udp4');
    const [host, port] = server.address().split(':');
    for (const garbage of ['', 'x', '\0'.repeat(12), '\0\x01\x01\0\0\x01\0\0\0\0\0\0\x3fshort', '\xff'.repeat(600)])
      await new Promise((resolve) => socket.send(Buffer.from(garbage, 'latin1'), Number(port), host, resolve));
    socket.close();
    expect((await resolver.resolveNs('acme.example')).length).toBe(4);
  });
});
