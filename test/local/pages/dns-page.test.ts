import { expect, it } from '@jest/globals';
import { dnsRoutes } from '../../../local/pages/dns-page.ts';
import { openDnsCloud, ZONE_ACCOUNT } from '../open-dns-cloud.ts';

const request = { method: 'GET', path: '/', query: new URLSearchParams(), headers: {}, body: Buffer.alloc(0) };

it('shows zones with their records, and certificates', async () => {
  const cloud = await openDnsCloud();
  const { id } = cloud.route53.zones.create({ accountId: ZONE_ACCOUNT, name: 'acme.example', isDelegated: true });
  cloud.route53.zones.change(id, [
    { action: 'CREATE', set: { name: 'web.acme.example.', type: 'TXT', ttl: 60, values: ['<b>&"'] } },
  ]);
  const { arn } = cloud.acm.certificates.request({
    accountId: ZONE_ACCOUNT,
    region: 'eu-west-1',
    names: ['web.acme.example'],
    tags: {},
  });
  cloud.acm.certificates.change(arn, { status: 'ISSUED', notAfter: Date.parse('2027-12-23T23:59:59Z') });
  const routes = dnsRoutes(cloud);
  const page = String((await routes['/local/dns']?.(request))?.body);
  for (const part of [id, 'delegated', 'web.acme.example.', arn, 'ISSUED', '2027-12-23 23:59:59'])
    expect(page).toContain(part);
  expect(page).not.toContain('<b>');
  const json = JSON.parse(String((await routes['/local/dns.json']?.(request))?.body));
  expect(json).toMatchObject({ zones: [{ id, name: 'acme.example.' }], certificates: [{ arn }] });
  await cloud.close();
});
